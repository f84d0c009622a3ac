// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

/// The 7F4A part of certificates.json (PROTOCOL 7.6).
struct CreationDataVectorTests {
    @Test func `creation data is written and read as the vectors say`() throws {
        for vector in try Vectors.file("certificates").cases
        where vector.inputs.optional("optionGroup1") != nil {
            let inputs = vector.inputs
            let hash = try inputs.hex("accountInfoHash")
            let data = EndpointCreationData(
                vehicleId: try VehicleID(inputs.hex("vehicleId")),
                version: try ProtocolVersion(parsing: inputs.hex("protocolVersion")),
                options: KeyOptions(
                    try inputs.hex("optionGroup1")[0], try inputs.hex("optionGroup2")[0]),
                slotId: try SlotID(inputs.hex("slot")),
                notBefore: try #require(Instant(generalizedTime: inputs.text("notBefore"))),
                notAfter: try #require(Instant(generalizedTime: inputs.text("notAfter"))),
                confidentialSize: UInt16(try inputs.integer("confidentialSize")),
                privateSize: UInt16(try inputs.integer("privateSize")),
                authorizedKeys: try inputs.list("authorized").map { try $0.hex() },
                accountInfoHash: hash.isEmpty ? nil : hash,
                vehicleKey: try inputs.hex("vehiclePK"))
            #expect(try data.encoded == vector.outputs.hex("value"), "\(vector.name)")
            #expect(try EndpointCreationData(parsing: vector.outputs.hex("value")) == data)
        }
    }

    @Test func `creation data outside the profile is refused`() throws {
        for negative in try Vectors.file("certificates").negatives {
            guard let value = try negative.input.optional("value")?.hex() else { continue }
            #expect(throws: ProtocolError.self, "\(negative.name)") {
                try EndpointCreationData(parsing: value)
            }
        }
    }
}
