-- signals_0001
CREATE TABLE signals_sent (
	id INTEGER NOT NULL,
	sender TEXT NOT NULL,
	payload TEXT NOT NULL,
	sent_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX signals_sent_sent_at ON signals_sent (sent_at);
