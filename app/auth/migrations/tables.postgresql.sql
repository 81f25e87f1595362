-- auth_0001
CREATE TABLE auth_signing_key (
	kid TEXT NOT NULL,
	purpose TEXT NOT NULL,
	jwk TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (kid)
);
CREATE INDEX auth_signing_key_purpose ON auth_signing_key (purpose, expires_at);
CREATE INDEX auth_signing_key_expires ON auth_signing_key (expires_at);
CREATE TABLE auth_user_info (
	user_entity_ref TEXT NOT NULL,
	claims TEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (user_entity_ref)
);
