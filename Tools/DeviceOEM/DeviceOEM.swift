// DeviceOEM
