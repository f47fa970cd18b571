-- +goose Up

-- A run that puts right some things only: which keys, and which findings they
-- are about.
ALTER TABLE runs ADD COLUMN only_keys TEXT;
ALTER TABLE runs ADD COLUMN mends TEXT;

-- What each check saw, kept for a day, and what is left of it by the hour, kept
-- for a month. A series is one check of one setup. took, least, mean, p95 and
-- most are microseconds.
CREATE TABLE series (
    id    INTEGER PRIMARY KEY,
    setup TEXT NOT NULL REFERENCES setups (id),
    name  TEXT NOT NULL,
    UNIQUE (setup, name)
) STRICT;

CREATE TABLE readings (
    series INTEGER NOT NULL REFERENCES series (id),
    at     INTEGER NOT NULL,
    ok     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    status INTEGER NOT NULL,
    took   INTEGER NOT NULL,
    PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE hours (
    series INTEGER NOT NULL REFERENCES series (id),
    hour   INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    ok     INTEGER NOT NULL,
    least  INTEGER NOT NULL,
    mean   INTEGER NOT NULL,
    p95    INTEGER NOT NULL,
    most   INTEGER NOT NULL,
    PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

-- A finding that stood for some time. name is the finding's id.
CREATE TABLE incidents (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    setup   TEXT    NOT NULL REFERENCES setups (id),
    name    TEXT    NOT NULL,
    finding TEXT    NOT NULL,
    opened  INTEGER NOT NULL,
    closed  INTEGER,
    ended   TEXT    NOT NULL,
    run     INTEGER NOT NULL
) STRICT;

CREATE INDEX incidents_of_setup ON incidents (setup, id);

-- One cause stands once.
CREATE UNIQUE INDEX incidents_standing ON incidents (setup, name) WHERE closed IS NULL;

-- Which classes of findings are put right without asking.
CREATE TABLE automatic (
    setup    TEXT    NOT NULL REFERENCES setups (id),
    class    TEXT    NOT NULL,
    per_hour INTEGER NOT NULL,
    PRIMARY KEY (setup, class)
) STRICT, WITHOUT ROWID;
