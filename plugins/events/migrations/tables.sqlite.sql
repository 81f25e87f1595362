-- events_0001 events_0002
CREATE TABLE events_delivery (
	id INTEGER NOT NULL,
	topic TEXT NOT NULL,
	delivery TEXT,
	headers TEXT NOT NULL,
	payload TEXT NOT NULL,
	received_at BIGINT NOT NULL,
	leased_until BIGINT NOT NULL,
	attempts INTEGER NOT NULL,
	done_at BIGINT,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX events_delivery_delivery ON events_delivery (topic, delivery);
CREATE INDEX events_delivery_done ON events_delivery (done_at);
CREATE INDEX events_delivery_waiting ON events_delivery (id) WHERE done_at IS NULL;
CREATE TABLE events_bus_state (
	id INTEGER NOT NULL,
	last_id BIGINT NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO events_bus_state (id, last_id) VALUES (1, 0);
CREATE TABLE events_bus_event (
	id BIGINT NOT NULL,
	topic TEXT NOT NULL,
	payload TEXT NOT NULL,
	notified TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX events_bus_event_topic ON events_bus_event (topic, id);
CREATE INDEX events_bus_event_created ON events_bus_event (created_at);
CREATE TABLE events_bus_subscription (
	id TEXT NOT NULL,
	read_until BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	seen_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE events_bus_topic (
	topic TEXT NOT NULL,
	subscription TEXT NOT NULL,
	PRIMARY KEY (topic, subscription)
);
CREATE INDEX ix_events_bus_topic_subscription ON events_bus_topic (subscription);
