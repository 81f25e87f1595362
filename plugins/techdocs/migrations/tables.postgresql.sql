-- techdocs_0001
CREATE TABLE techdocs_build (
	uid TEXT NOT NULL,
	owner TEXT NOT NULL,
	leased_until BIGINT NOT NULL,
	checked_at BIGINT NOT NULL,
	built_at BIGINT NOT NULL,
	PRIMARY KEY (uid)
);
CREATE INDEX techdocs_build_checked ON techdocs_build (checked_at);
