-- sign_in_0001
CREATE TABLE auth_oauth_client (
	id TEXT NOT NULL,
	name TEXT,
	secret_digest TEXT NOT NULL,
	redirect_uris TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE auth_oauth_session (
	id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	client_name TEXT,
	redirect_uri TEXT NOT NULL,
	scope TEXT,
	state TEXT,
	code_challenge TEXT,
	code_challenge_method TEXT,
	status TEXT NOT NULL,
	user_ref TEXT,
	expires_at BIGINT NOT NULL,
	code_digest TEXT,
	code_expires_at BIGINT,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX auth_oauth_session_code ON auth_oauth_session (code_digest);
CREATE INDEX auth_oauth_session_expires ON auth_oauth_session (expires_at);
CREATE TABLE auth_refresh_token (
	id TEXT NOT NULL,
	user_ref TEXT NOT NULL,
	client_id TEXT NOT NULL,
	token_hash TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX auth_refresh_token_user ON auth_refresh_token (user_ref, used_at);
