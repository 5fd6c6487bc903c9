CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Two addresses that differ only in case reach the same person.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- A match in the title weighs more than one in the body.
    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')
    ) STORED
);

-- Serves both the foreign key and "the newest posts of these users".
CREATE INDEX posts_author_id_id_idx ON posts (author_id, id DESC);
CREATE INDEX posts_search_idx ON posts USING gin (search);
