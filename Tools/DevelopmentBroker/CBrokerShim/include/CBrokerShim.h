void latchkey_broker_shim(void);
