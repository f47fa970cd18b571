-- +goose Up

-- The ways on which people are told of problems. Their addresses hold secrets,
-- so they are sealed.
CREATE TABLE channels (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- What was told of an incident: that it stands, and that it is over.
CREATE TABLE notices (
    incident INTEGER PRIMARY KEY REFERENCES incidents (id),
    told     INTEGER,
    told_end INTEGER
) STRICT;

-- Messages on their way, one row for each channel.
CREATE TABLE letters (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    channel  INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    title    TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    sent     INTEGER,
    problem  TEXT    NOT NULL
) STRICT;

CREATE INDEX letters_of_channel ON letters (channel, id);
