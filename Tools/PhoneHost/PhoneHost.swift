// PhoneHost
