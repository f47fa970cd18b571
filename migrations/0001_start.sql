-- +goose Up

-- Times are milliseconds since 1970, UTC. Texts named after a type of the
-- domain (answers, record, evidence, problem, before, after) are its JSON.

CREATE TABLE kv (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE setups (
    id      TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    draft   TEXT,
    before  TEXT,
    closed  INTEGER NOT NULL
) STRICT;

-- answers is NULL when nothing is wanted any more.
CREATE TABLE revisions (
    setup   TEXT    NOT NULL REFERENCES setups (id),
    number  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    answers TEXT,
    PRIMARY KEY (setup, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    kind   TEXT NOT NULL,
    scope  TEXT NOT NULL,
    name   TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (kind, scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    setup    TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    through  TEXT    NOT NULL,
    approved TEXT,
    state    TEXT    NOT NULL,
    step     TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    problem  TEXT,
    actor    TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    started  INTEGER,
    ended    INTEGER,
    FOREIGN KEY (setup, revision) REFERENCES revisions (setup, number)
) STRICT;

CREATE INDEX runs_of_setup ON runs (setup, id);

-- One run that is not over per setup. The states are those of RunState.Over.
CREATE UNIQUE INDEX runs_open ON runs (setup)
    WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'needs-approval');

CREATE TABLE run_changes (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES runs (id),
    kind    TEXT    NOT NULL,
    scope   TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    verb    TEXT    NOT NULL,
    step    TEXT    NOT NULL,
    title   TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    started INTEGER,
    ended   INTEGER,
    problem TEXT,
    UNIQUE (run, kind, scope, name)
) STRICT;

-- The history refers to nothing, so that it outlives what it tells of.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    setup  TEXT    NOT NULL,
    run    INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    scope  TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    verb   TEXT    NOT NULL,
    text   TEXT    NOT NULL,
    before TEXT,
    after  TEXT
) STRICT;

CREATE INDEX audit_of_setup ON audit (setup, id);

-- name is the check's id; at is also in the evidence.
CREATE TABLE evidence (
    setup    TEXT    NOT NULL REFERENCES setups (id),
    name     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    evidence TEXT    NOT NULL,
    PRIMARY KEY (setup, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
    name   TEXT PRIMARY KEY,
    sealed BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

-- token is a hash. data is NULL once the session was ended: the row stays until
-- it expires, so that a request still under way cannot bring the session back.
CREATE TABLE sessions (
    token   TEXT PRIMARY KEY,
    data    BLOB,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_expire ON sessions (expires);

CREATE TABLE links (
    hash    TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
