-- scaffolder_0001 scaffolder_0002
CREATE TABLE scaffolder_task (
	n BIGSERIAL NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	spec TEXT NOT NULL,
	status TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT COLLATE "C",
	last_heartbeat_at BIGINT,
	lease TEXT COLLATE "C",
	lease_until BIGINT,
	attempt INTEGER DEFAULT '0' NOT NULL,
	cancelled SMALLINT DEFAULT '0' NOT NULL,
	secrets BYTEA,
	ended_at BIGINT,
	PRIMARY KEY (n),
	UNIQUE (id)
);
CREATE INDEX scaffolder_task_open ON scaffolder_task (n) WHERE status = 'open';
CREATE INDEX scaffolder_task_running ON scaffolder_task (lease) WHERE status = 'processing';
CREATE INDEX scaffolder_task_created ON scaffolder_task (created_at, n);
CREATE INDEX scaffolder_task_owner ON scaffolder_task (created_by, created_at, n);
CREATE INDEX scaffolder_task_status ON scaffolder_task (status, created_at, n);
CREATE INDEX scaffolder_task_ended ON scaffolder_task (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE scaffolder_task_event (
	id BIGSERIAL NOT NULL,
	task_id TEXT COLLATE "C" NOT NULL,
	type TEXT NOT NULL,
	body TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX scaffolder_task_event_task ON scaffolder_task_event (task_id, id);
CREATE TABLE scaffolder_task_step (
	task_id TEXT COLLATE "C" NOT NULL,
	step_id TEXT COLLATE "C" NOT NULL,
	status TEXT NOT NULL,
	output TEXT,
	runs INTEGER NOT NULL,
	PRIMARY KEY (task_id, step_id)
);
CREATE TABLE scaffolder_task_checkpoint (
	task_id TEXT COLLATE "C" NOT NULL,
	step_id TEXT COLLATE "C" NOT NULL,
	key TEXT COLLATE "C" NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (task_id, step_id, key)
);
CREATE TABLE scaffolder_task_workspace (
	task_id TEXT COLLATE "C" NOT NULL,
	content BYTEA NOT NULL,
	PRIMARY KEY (task_id)
);
