// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// Extension .3 of [E]: which applet the keys of this phone live in (PROTOCOL 11.4).
///
/// ```
/// SEQUENCE { version INTEGER(1), applet_version OCTET(4), platform_information OCTET(1..20) OPTIONAL }
/// ```
public struct InstanceCAExtension: DERObject {
    /// 4 bytes.
    public var appletVersion: [UInt8]
    /// 1...20 bytes.
    public var platformInformation: [UInt8]?

    /// What a device maker writes about a phone.
    public init(appletVersion: [UInt8], platformInformation: [UInt8]? = nil) {
        self.appletVersion = appletVersion
        self.platformInformation = platformInformation
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Limits.certificate)
        try fields.version()
        appletVersion = try fields.octets("applet_version", 4)
        platformInformation =
            fields.isNext(.octetString) ? try fields.octets("platform_information", 1...20) : nil
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.octets(appletVersion)
            if let platformInformation { fields.octets(platformInformation) }
        }
    }
}
