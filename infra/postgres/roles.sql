-- One role and one schema per service: no service can read another's tables.
-- psql -v ON_ERROR_STOP=1 -d latchkey -f infra/postgres/roles.sql, then set the passwords.
CREATE ROLE identity_relay LOGIN;
CREATE SCHEMA identity_relay AUTHORIZATION identity_relay;
REVOKE ALL ON SCHEMA identity_relay FROM PUBLIC;
ALTER ROLE identity_relay SET search_path = identity_relay;

CREATE ROLE key_registry LOGIN;
CREATE SCHEMA key_registry AUTHORIZATION key_registry;
REVOKE ALL ON SCHEMA key_registry FROM PUBLIC;
ALTER ROLE key_registry SET search_path = key_registry;

CREATE ROLE sharing_orchestrator LOGIN;
CREATE SCHEMA sharing_orchestrator AUTHORIZATION sharing_orchestrator;
REVOKE ALL ON SCHEMA sharing_orchestrator FROM PUBLIC;
ALTER ROLE sharing_orchestrator SET search_path = sharing_orchestrator;

CREATE ROLE revocation LOGIN;
CREATE SCHEMA revocation AUTHORIZATION revocation;
REVOKE ALL ON SCHEMA revocation FROM PUBLIC;
ALTER ROLE revocation SET search_path = revocation;

CREATE ROLE notification LOGIN;
CREATE SCHEMA notification AUTHORIZATION notification;
REVOKE ALL ON SCHEMA notification FROM PUBLIC;
ALTER ROLE notification SET search_path = notification;
