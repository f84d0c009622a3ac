// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// The server-to-server calls between automaker and device OEM (docs/api.md, partner API).
///
/// `POST /keyApi/v1/<call>` over mutual TLS; headers `x-requestId`, `x-timestamp`,
/// `x-device-oemId` or `x-vehicle-oemId`.
public enum PartnerAPI {
    /// Header names.
    public enum Header {
        public static let requestId = "x-requestId"
        public static let responseId = "x-responseId"
        public static let timestamp = "x-timestamp"
        public static let deviceOemId = "x-device-oemId"
        public static let vehicleOemId = "x-vehicle-oemId"

        /// The headers of a call by an automaker; `milliseconds` since 1970.
        public static func ofVehicleOEM(
            _ id: String, requestId: String, at milliseconds: Int64
        ) -> [(String, String)] {
            [
                (Self.requestId, requestId), (timestamp, "\(milliseconds)"), (vehicleOemId, id),
            ]
        }
    }

    /// Paths below the base URL.
    public enum Path {
        public static let trackKey = "/keyApi/v1/trackKey"
        public static let manageKey = "/keyApi/v1/manageKey"
        public static let eventNotification = "/keyApi/v1/eventNotification"
        public static let healthCheck = "/keyApi/v1/healthCheck"
        /// Followed by `/` and a key id.
        public static let passes = "/keyApi/v1/passes"
    }

    /// Answers after which a call to a device OEM is not repeated. 404 and 410: it no longer has
    /// the key, so nobody is left to be told.
    public static let settling: Set<Int> = [200, 404, 410]

    /// In every answer.
    public struct ResponseHeader: Codable, Equatable, Sendable {
        /// The HTTP status as a string.
        public var statusCode: String
        /// Our own list, for example `KEY_UNKNOWN`; none on success.
        public var subStatusCode: String?

        public init(statusCode: String, subStatusCode: String? = nil) {
            self.statusCode = statusCode
            self.subStatusCode = subStatusCode
        }
    }

    /// Registers an owner or shared key.
    public struct TrackKeyRequest: Codable, Equatable, Sendable {
        public var keyID: KeyID
        public var keyType: KeyType
        /// `phone`, `watch`, ...
        public var deviceType: String
        public var accountIDHash: String
        public var encryptionVersion: String
        /// Base64 DER: device root, instance CA, device encryption certificate (.7).
        public var encryptionCertChain: [String]
        /// ECIES_v1 to the automaker's [P]; clear text is the JSON of `KeyData`.
        public var keyData: ECIESEnvelope

        public init(
            keyID: KeyID, keyType: KeyType, deviceType: String, accountIDHash: String,
            encryptionVersion: String, encryptionCertChain: [String], keyData: ECIESEnvelope
        ) {
            self.keyID = keyID
            self.keyType = keyType
            self.deviceType = deviceType
            self.accountIDHash = accountIDHash
            self.encryptionVersion = encryptionVersion
            self.encryptionCertChain = encryptionCertChain
            self.keyData = keyData
        }
    }

    /// Clear text of `TrackKeyRequest.keyData`; byte strings are Base64 DER.
    public struct KeyData: Codable, Equatable, Sendable {
        public var vehicleId: VehicleID
        /// [E].
        public var instanceCA: String
        /// [H].
        public var keyCertificate: String
        /// 5F5A of owner pairing: VehicleStatement; owner keys only.
        public var vehicleStatement: String?
        /// Attestation signed by the owner key; shared keys only.
        public var attestation: String?

        public init(
            vehicleId: VehicleID, instanceCA: String, keyCertificate: String,
            vehicleStatement: String?, attestation: String?
        ) {
            self.vehicleId = vehicleId
            self.instanceCA = instanceCA
            self.keyCertificate = keyCertificate
            self.vehicleStatement = vehicleStatement
            self.attestation = attestation
        }
    }

    /// Answer to trackKey; the same for every repeat.
    public struct TrackKeyResponse: Codable, Equatable, Sendable {
        public var responseHeader: ResponseHeader
        /// ECIES_v1 to the device encryption key; clear text is the JSON of `UIBundle`.
        public var uiBundle: ECIESEnvelope
        public var brand: String
        public var model: String

        public init(
            responseHeader: ResponseHeader, uiBundle: ECIESEnvelope, brand: String, model: String
        ) {
            self.responseHeader = responseHeader
            self.uiBundle = uiBundle
            self.brand = brand
            self.model = model
        }
    }

    /// Clear text of `TrackKeyResponse.uiBundle`.
    public struct UIBundle: Codable, Equatable, Sendable {
        /// Base64 DER KtsReceipt (PROTOCOL 12.2).
        public var ktsSignature: String
        public var keyValidFrom: String
        public var keyValidTo: String?
        public var sharedKeys: Int
        public var shareableKeys: Int
        public var uiIdentifier: String

        public init(
            ktsSignature: String, keyValidFrom: String, keyValidTo: String?, sharedKeys: Int,
            shareableKeys: Int, uiIdentifier: String
        ) {
            self.ktsSignature = ktsSignature
            self.keyValidFrom = keyValidFrom
            self.keyValidTo = keyValidTo
            self.sharedKeys = sharedKeys
            self.shareableKeys = shareableKeys
            self.uiIdentifier = uiIdentifier
        }
    }

    /// Answer to `GET /keyApi/v1/passes/<keyID>`.
    public struct PassResponse: Codable, Equatable, Sendable {
        public var responseHeader: ResponseHeader
        /// Compact JWS whose payload is the JSON of `KeyPass`.
        public var pass: String

        public init(responseHeader: ResponseHeader, pass: String) {
            self.responseHeader = responseHeader
            self.pass = pass
        }
    }

    /// ETag of a pass; weak, since it is signed anew at every call (RFC 9110, 8.8.1).
    public static func entityTag(of revision: String) -> String { "W/\"\(revision)\"" }

    /// Ends, suspends or resumes one key; offered by both sides.
    public struct ManageKeyRequest: Codable, Equatable, Sendable {
        public var keyID: KeyID
        public var action: KeyAction
        /// Base64 DER Termination: the applet's proof that the key is gone.
        public var terminationAttestation: String?
        /// ECIES_v1 to [P] (device OEM to automaker) around the DER of a ServerRequest signed by the
        /// owner key.
        public var deviceRemoteTerminationRequest: ECIESEnvelope?
        /// Base64 DER ServerCommand signed by [Q] (automaker to device OEM).
        public var serverRemoteTerminationRequest: String?
        /// Base64 DER ServerRequest of the owner, passed on in clear to the friend's device OEM.
        public var ownerRequest: String?

        public init(
            keyID: KeyID, action: KeyAction, terminationAttestation: String? = nil,
            deviceRemoteTerminationRequest: ECIESEnvelope? = nil,
            serverRemoteTerminationRequest: String? = nil, ownerRequest: String? = nil
        ) {
            self.keyID = keyID
            self.action = action
            self.terminationAttestation = terminationAttestation
            self.deviceRemoteTerminationRequest = deviceRemoteTerminationRequest
            self.serverRemoteTerminationRequest = serverRemoteTerminationRequest
            self.ownerRequest = ownerRequest
        }
    }

    /// Tells the other side what happened to the key of one of its customers.
    public struct EventNotificationRequest: Codable, Equatable, Sendable {
        /// The key of the receiver's customer.
        public var keyID: KeyID
        /// `SHARED_KEY_ADDED`, `SHARED_KEY_TERMINATED`, ... (docs/api.md).
        public var eventType: String
        public var eventData: EventData

        public init(keyID: KeyID, eventType: String, eventData: EventData) {
            self.keyID = keyID
            self.eventType = eventType
            self.eventData = eventData
        }
    }

    /// Details of an event.
    public struct EventData: Codable, Equatable, Sendable {
        public var reason: String
        public var keyValidFrom: String?
        public var keyValidTo: String?
        /// The shared key an owner-side event is about.
        public var sharedKeyID: KeyID?

        public init(
            reason: String, keyValidFrom: String? = nil, keyValidTo: String? = nil,
            sharedKeyID: KeyID? = nil
        ) {
            self.reason = reason
            self.keyValidFrom = keyValidFrom
            self.keyValidTo = keyValidTo
            self.sharedKeyID = sharedKeyID
        }
    }

    /// Answer to manageKey and eventNotification.
    public struct Acknowledgement: Codable, Equatable, Sendable {
        public var responseHeader: ResponseHeader

        public init(responseHeader: ResponseHeader) { self.responseHeader = responseHeader }
    }
}
