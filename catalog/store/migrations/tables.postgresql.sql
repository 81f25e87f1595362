-- catalog_0001 catalog_0002
CREATE TABLE catalog_counter (
	name TEXT COLLATE "C" NOT NULL,
	value BIGINT NOT NULL,
	PRIMARY KEY (name)
);
INSERT INTO catalog_counter (name, value) VALUES ('entity' COLLATE "C", 0);
INSERT INTO catalog_counter (name, value) VALUES ('key' COLLATE "C", 0);
INSERT INTO catalog_counter (name, value) VALUES ('revision' COLLATE "C", 0);
INSERT INTO catalog_counter (name, value) VALUES ('term' COLLATE "C", 0);
CREATE TABLE catalog_refresh_state (
	entity_id BIGINT NOT NULL,
	uid TEXT COLLATE "C" NOT NULL,
	entity_ref TEXT COLLATE "C" NOT NULL,
	unprocessed TEXT NOT NULL,
	unprocessed_hash TEXT NOT NULL,
	processed TEXT,
	result_hash TEXT,
	errors TEXT DEFAULT '[]' NOT NULL,
	cache TEXT DEFAULT '{}' NOT NULL,
	location_key TEXT,
	reads_outside SMALLINT DEFAULT '0' NOT NULL,
	due_at BIGINT,
	discovered_at BIGINT NOT NULL,
	cause TEXT,
	last_pass_at BIGINT,
	stitch_error TEXT,
	PRIMARY KEY (entity_id),
	UNIQUE (uid),
	UNIQUE (entity_ref)
);
CREATE INDEX catalog_refresh_state_due ON catalog_refresh_state (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX catalog_refresh_state_outside ON catalog_refresh_state (entity_id) WHERE reads_outside = 1;
CREATE INDEX catalog_refresh_state_unseen ON catalog_refresh_state (entity_id) WHERE processed IS NULL OR stitch_error IS NOT NULL;
CREATE TABLE catalog_refresh_reference (
	id BIGSERIAL NOT NULL,
	source_key TEXT COLLATE "C",
	source_ref TEXT COLLATE "C",
	target_ref TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX catalog_refresh_reference_key ON catalog_refresh_reference (source_key) WHERE source_key IS NOT NULL;
CREATE INDEX catalog_refresh_reference_ref ON catalog_refresh_reference (source_ref) WHERE source_ref IS NOT NULL;
CREATE INDEX catalog_refresh_reference_target ON catalog_refresh_reference (target_ref);
CREATE TABLE catalog_refresh_key (
	entity_id BIGINT NOT NULL,
	key TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (entity_id, key)
);
CREATE INDEX catalog_refresh_key_key ON catalog_refresh_key (key);
CREATE TABLE catalog_relation (
	origin_id BIGINT NOT NULL,
	source_ref TEXT COLLATE "C" NOT NULL,
	type TEXT COLLATE "C" NOT NULL,
	target_ref TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (origin_id, source_ref, type, target_ref)
);
CREATE INDEX catalog_relation_source ON catalog_relation (source_ref);
CREATE INDEX catalog_relation_target ON catalog_relation (target_ref);
CREATE TABLE catalog_stitch_queue (
	entity_ref TEXT COLLATE "C" NOT NULL,
	requested_at BIGINT NOT NULL,
	cause TEXT,
	PRIMARY KEY (entity_ref)
);
CREATE TABLE catalog_entity (
	id BIGINT NOT NULL,
	entity_ref TEXT COLLATE "C" NOT NULL,
	document TEXT NOT NULL,
	hash TEXT NOT NULL,
	terms BYTEA NOT NULL,
	revision BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (entity_ref)
);
CREATE TABLE catalog_key (
	id BIGINT NOT NULL,
	key TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (key)
);
CREATE TABLE catalog_term (
	id BIGINT NOT NULL,
	key_id BIGINT NOT NULL,
	value TEXT COLLATE "C" NOT NULL,
	original TEXT COLLATE "C" NOT NULL,
	is_null SMALLINT DEFAULT '0' NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX catalog_term_unique ON catalog_term (key_id, value, original, is_null);
CREATE TABLE catalog_posting (
	term_id BIGINT NOT NULL,
	entity_id BIGINT NOT NULL,
	PRIMARY KEY (term_id, entity_id)
);
CREATE TABLE catalog_revision (
	n BIGINT NOT NULL,
	entity_id BIGINT NOT NULL,
	entity_ref TEXT COLLATE "C" NOT NULL,
	change TEXT NOT NULL,
	cause TEXT NOT NULL,
	actor TEXT,
	hash TEXT,
	at BIGINT NOT NULL,
	PRIMARY KEY (n)
);
CREATE INDEX catalog_revision_entity_ref ON catalog_revision (entity_ref);
CREATE TABLE catalog_location (
	id TEXT COLLATE "C" NOT NULL,
	type TEXT COLLATE "C" NOT NULL,
	target TEXT COLLATE "C" NOT NULL,
	entity_ref TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX catalog_location_unique ON catalog_location (type, target);
CREATE TABLE catalog_conflict (
	entity_ref TEXT COLLATE "C" NOT NULL,
	location_key TEXT COLLATE "C" NOT NULL,
	held_by TEXT NOT NULL,
	source TEXT COLLATE "C" NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (entity_ref, location_key)
);
CREATE INDEX catalog_conflict_source ON catalog_conflict (source);
CREATE TABLE catalog_held_mutation (
	id TEXT COLLATE "C" NOT NULL,
	provider TEXT COLLATE "C" NOT NULL,
	removed TEXT NOT NULL,
	total BIGINT NOT NULL,
	entities TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (provider)
);
CREATE TABLE catalog_ingestion (
	id TEXT COLLATE "C" NOT NULL,
	provider TEXT COLLATE "C" NOT NULL,
	ticket TEXT COLLATE "C" NOT NULL,
	status TEXT NOT NULL,
	next_action TEXT NOT NULL,
	next_action_at BIGINT NOT NULL,
	attempts INTEGER NOT NULL,
	last_error TEXT,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX catalog_ingestion_ticket ON catalog_ingestion (provider, ticket);
CREATE TABLE catalog_ingestion_mark (
	ingestion_id TEXT COLLATE "C" NOT NULL,
	sequence INTEGER NOT NULL,
	id TEXT NOT NULL,
	cursor TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (ingestion_id, sequence)
);
CREATE TABLE catalog_ingestion_entity (
	ingestion_id TEXT COLLATE "C" NOT NULL,
	entity_ref TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (ingestion_id, entity_ref)
);
