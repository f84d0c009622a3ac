// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Mustache

/// What a messenger shows of a share link, and a person without a wallet reads.
///
/// No script at all, since a script could read the secret in the fragment, and nothing that is
/// fetched from elsewhere but the picture.
struct PreviewPage: Sendable {
    private let template: MustacheTemplate

    init() throws {
        template = try MustacheTemplate(
            string: """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="robots" content="noindex">
                <meta name="referrer" content="no-referrer">
                <meta property="og:type" content="website">
                <meta property="og:title" content="{{title}}">
                <meta property="og:description" content="{{description}}">
                {{#image}}<meta property="og:image" content="{{.}}">{{/image}}
                <title>{{title}}</title>
                </head>
                <body>
                {{#image}}<img src="{{.}}" alt="" width="320">{{/image}}
                <h1>{{title}}</h1>
                <p>{{description}}</p>
                <p>Open this link on the phone that is to get the key.</p>
                </body>
                </html>

                """)
    }

    func response(showing display: DisplayInformation) -> Response {
        let image = display.imageURL.lowercased().hasPrefix("https://") ? display.imageURL : nil
        var values: [String: Any] = [
            "title": display.title, "description": display.description,
        ]
        values["image"] = image
        let html = template.render(values)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy: "default-src 'none'; img-src https:",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }
}
