// P256Math
