-- notifications_0001
CREATE TABLE notifications_notification (
	id TEXT NOT NULL,
	user_ref TEXT NOT NULL,
	origin TEXT NOT NULL,
	title TEXT NOT NULL,
	description TEXT,
	severity TEXT NOT NULL,
	link TEXT,
	topic TEXT,
	scope TEXT,
	icon TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT,
	touched_at BIGINT NOT NULL,
	read_at BIGINT,
	saved_at BIGINT,
	PRIMARY KEY (id)
);
CREATE INDEX notifications_of_user ON notifications_notification (user_ref, created_at);
CREATE INDEX notifications_unread ON notifications_notification (user_ref, created_at, topic, read_at) WHERE read_at IS NULL;
CREATE INDEX notifications_topics ON notifications_notification (user_ref, origin, topic);
CREATE UNIQUE INDEX notifications_scope ON notifications_notification (user_ref, origin, scope) WHERE scope IS NOT NULL;
CREATE INDEX notifications_touched ON notifications_notification (touched_at);
CREATE TABLE notifications_broadcast (
	id TEXT NOT NULL,
	origin TEXT NOT NULL,
	title TEXT NOT NULL,
	description TEXT,
	severity TEXT NOT NULL,
	link TEXT,
	topic TEXT,
	scope TEXT,
	icon TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT,
	touched_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX notifications_broadcast_created ON notifications_broadcast (created_at);
CREATE UNIQUE INDEX notifications_broadcast_scope ON notifications_broadcast (origin, scope) WHERE scope IS NOT NULL;
CREATE INDEX notifications_broadcast_touched ON notifications_broadcast (touched_at);
CREATE TABLE notifications_broadcast_status (
	user_ref TEXT NOT NULL,
	broadcast_id TEXT NOT NULL,
	read_at BIGINT,
	saved_at BIGINT,
	PRIMARY KEY (user_ref, broadcast_id),
	FOREIGN KEY(broadcast_id) REFERENCES notifications_broadcast (id) ON DELETE CASCADE
);
CREATE INDEX notifications_broadcast_status_of ON notifications_broadcast_status (broadcast_id);
CREATE TABLE notifications_setting (
	user_ref TEXT NOT NULL,
	channel TEXT NOT NULL,
	origin TEXT NOT NULL,
	topic TEXT NOT NULL,
	enabled BOOLEAN NOT NULL,
	PRIMARY KEY (user_ref, channel, origin, topic)
);
