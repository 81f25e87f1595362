-- search_0001 search_0002 search_0003
CREATE TABLE search_state (
	id INTEGER NOT NULL,
	version BIGINT NOT NULL,
	last_id BIGINT NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO search_state (id, version, last_id) VALUES (1, 0, 2147483648);
CREATE TABLE search_collator (
	type TEXT NOT NULL,
	version TEXT NOT NULL,
	position TEXT,
	generation BIGINT NOT NULL,
	collated_at BIGINT,
	requested SMALLINT NOT NULL,
	PRIMARY KEY (type)
);
CREATE TABLE search_document (
	id INTEGER NOT NULL,
	type TEXT NOT NULL,
	"key" TEXT NOT NULL,
	grp TEXT NOT NULL,
	resource_ref TEXT,
	resource BIGINT,
	title TEXT NOT NULL,
	names TEXT NOT NULL,
	title_words TEXT NOT NULL,
	document TEXT NOT NULL,
	hash TEXT NOT NULL,
	generation BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX search_document_key ON search_document (type, "key");
CREATE INDEX search_document_group ON search_document (type, grp);
CREATE INDEX search_document_title ON search_document (names);
CREATE INDEX search_document_resource ON search_document (resource_ref) WHERE id > 2147483648;
CREATE VIRTUAL TABLE search_words USING fts5(title, text, marks, tokenize = 'ascii', detail = 'column', columnsize = 0, prefix = '1 2 3');
ALTER TABLE search_collator ADD COLUMN ended BIGINT DEFAULT '0' NOT NULL;
UPDATE search_collator SET ended = generation;
CREATE TABLE search_gone (
	type TEXT NOT NULL,
	grp TEXT NOT NULL,
	PRIMARY KEY (type, grp)
);
CREATE TABLE search_change (
	version INTEGER NOT NULL,
	ids TEXT,
	characters BIGINT NOT NULL,
	PRIMARY KEY (version)
);
INSERT INTO search_words (search_words, rank) VALUES ('automerge', 8);
