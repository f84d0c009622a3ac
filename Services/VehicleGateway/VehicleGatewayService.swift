// VehicleGateway
