PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE bodies (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            body TEXT NOT NULL
        );
INSERT INTO "bodies" VALUES(1,X'02FB5268FA973D45616BD179ED81E45D77DDF69982678F0A3B73BACAAB7CE4D0','{"receiver":"inbox","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"HighErrors","severity":"page","service":"api"},"annotations":{"summary":"Too many errors."},"startsAt":"2026-11-24T10:00:00.123456789Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":"f1"},{"status":"firing","labels":{"alertname":"HighErrors","severity":"ticket","service":"api"},"annotations":{"summary":"Too many errors."},"startsAt":"2026-11-24T10:00:00.123456789Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":"f2"}],"groupLabels":{"service":"api"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093","version":"4","groupKey":"{}/{severity=\"page\"}:{service=\"api\"}","truncatedAlerts":0}');
INSERT INTO "bodies" VALUES(2,X'D5EA5572F02BA816D77E2487CF3272C4964DAF5A458A16BE176EDB95A1720209','{"receiver":"inbox","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"ServiceDown","severity":"page","service":"shop"},"annotations":{"summary":"Too many errors."},"startsAt":"2026-11-24T10:00:00.123456789Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":"f3"}],"groupLabels":{"service":"api"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093","version":"4","groupKey":"{}/{severity=\"page\"}:{service=\"api\"}","truncatedAlerts":0}');
INSERT INTO "bodies" VALUES(3,X'277E81F94F99359CD4342D38950795328DEA2C5FB0F2E7F2A0119B0BB378B65E','{"receiver":"inbox","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"HighErrors","severity":"page","service":"api"},"annotations":{"summary":"Too many errors."},"startsAt":"2026-11-24T10:00:00.123456789Z","endsAt":"2026-11-24T10:30:00Z","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":"f1"}],"groupLabels":{"service":"api"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093","version":"4","groupKey":"{}/{severity=\"page\"}:{service=\"api\"}","truncatedAlerts":0}');
CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received_at INTEGER NOT NULL,
            request_id TEXT NOT NULL,
            receiver TEXT NOT NULL,
            group_key TEXT NOT NULL,
            status TEXT NOT NULL,
            external_url TEXT NOT NULL,
            alerts INTEGER NOT NULL,
            truncated_alerts INTEGER NOT NULL,
            body_id INTEGER NOT NULL REFERENCES bodies (id)
        );
INSERT INTO "deliveries" VALUES(1,1795521600000001,'request-0','inbox','{}/{severity="page"}:{service="api"}','firing','http://alertmanager:9093',2,0,1);
INSERT INTO "deliveries" VALUES(2,1795521660000001,'request-1','inbox','{}/{severity="page"}:{service="api"}','firing','http://alertmanager:9093',1,0,2);
INSERT INTO "deliveries" VALUES(3,1795521720000001,'request-2','inbox','{}/{severity="page"}:{service="api"}','resolved','http://alertmanager:9093',1,0,3);
CREATE TABLE episodes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            receiver TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            starts_at INTEGER NOT NULL,
            newest_start_at INTEGER NOT NULL,
            ends_at INTEGER,
            resolved_before INTEGER,
            first_received_at INTEGER NOT NULL,
            last_received_at INTEGER NOT NULL,
            last_firing_received_at INTEGER,
            deliveries INTEGER NOT NULL,
            alertname TEXT NOT NULL,
            severity TEXT NOT NULL,
            service TEXT NOT NULL,
            labels TEXT NOT NULL,
            annotations TEXT NOT NULL,
            generator_url TEXT NOT NULL
        , unconfirmed_since INTEGER, is_stale INTEGER NOT NULL DEFAULT 0, acknowledged_at INTEGER, acknowledged_by TEXT NOT NULL DEFAULT '');
INSERT INTO "episodes" VALUES(1,'inbox','f1',1795514400123456,1795514400123456,1795516200000000,NULL,1795521600000001,1795521720000001,1795521600000001,2,'HighErrors','page','api','{"alertname": "HighErrors", "severity": "page", "service": "api"}','{"summary": "Too many errors."}','http://prometheus:9090/graph?g0.expr=up',NULL,0,NULL,'');
INSERT INTO "episodes" VALUES(2,'inbox','f2',1795514400123456,1795514400123456,NULL,NULL,1795521600000001,1795521600000001,1795521600000001,1,'HighErrors','ticket','api','{"alertname": "HighErrors", "severity": "ticket", "service": "api"}','{"summary": "Too many errors."}','http://prometheus:9090/graph?g0.expr=up',NULL,0,NULL,'');
INSERT INTO "episodes" VALUES(3,'inbox','f3',1795514400123456,1795514400123456,NULL,NULL,1795521660000001,1795521660000001,1795521660000001,1,'ServiceDown','page','shop','{"alertname": "ServiceDown", "severity": "page", "service": "shop"}','{"summary": "Too many errors."}','http://prometheus:9090/graph?g0.expr=up',NULL,0,1795525200000001,'ada');
CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);
CREATE TABLE "transitions" (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            episode_id INTEGER NOT NULL REFERENCES episodes (id),
            delivery_id INTEGER REFERENCES deliveries (id),
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            starts_at INTEGER,
            ends_at INTEGER,
            author TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL DEFAULT ''
        );
INSERT INTO "transitions" VALUES(1,1,1,1795521600000001,'opened',1795514400123456,NULL,'','');
INSERT INTO "transitions" VALUES(2,2,1,1795521600000001,'opened',1795514400123456,NULL,'','');
INSERT INTO "transitions" VALUES(3,3,2,1795521660000001,'opened',1795514400123456,NULL,'','');
INSERT INTO "transitions" VALUES(4,1,3,1795521720000001,'closed',1795514400123456,1795516200000000,'','');
INSERT INTO "transitions" VALUES(5,3,NULL,1795525200000001,'acknowledged',NULL,NULL,'ada','on it');
INSERT INTO "transitions" VALUES(6,3,NULL,1795525200000001,'commented',NULL,NULL,'ada','a fuse');
CREATE UNIQUE INDEX episodes_open ON episodes (receiver, fingerprint)
        WHERE ends_at IS NULL
        ;
CREATE INDEX episodes_alert ON episodes (receiver, fingerprint);
CREATE INDEX episodes_alertname ON episodes (alertname);
CREATE INDEX episodes_service ON episodes (service);
CREATE INDEX episodes_severity ON episodes (severity);
CREATE TRIGGER deliveries_append_only BEFORE UPDATE ON deliveries
        BEGIN SELECT RAISE(ABORT, 'deliveries are append-only'); END;
CREATE INDEX transitions_episode ON transitions (episode_id);
CREATE TRIGGER transitions_append_only BEFORE UPDATE ON transitions
        BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;
CREATE INDEX transitions_delivery ON transitions (delivery_id);
CREATE INDEX deliveries_received_at ON deliveries (received_at);
CREATE INDEX deliveries_body ON deliveries (body_id);
CREATE INDEX episodes_ends_at ON episodes (ends_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('transitions',6);
INSERT INTO "sqlite_sequence" VALUES('deliveries',3);
INSERT INTO "sqlite_sequence" VALUES('episodes',3);
COMMIT;
