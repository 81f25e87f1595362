-- github_0001
CREATE TABLE github_budget (
	credential TEXT NOT NULL,
	resource TEXT NOT NULL,
	quota_limit BIGINT,
	remaining BIGINT,
	reset_at BIGINT,
	blocked_until BIGINT,
	PRIMARY KEY (credential, resource)
);
CREATE TABLE github_answer (
	credential TEXT NOT NULL,
	url TEXT NOT NULL,
	etag TEXT NOT NULL,
	body TEXT NOT NULL,
	link TEXT,
	kept_at BIGINT NOT NULL,
	PRIMARY KEY (credential, url)
);
CREATE INDEX github_answer_kept ON github_answer (kept_at);
