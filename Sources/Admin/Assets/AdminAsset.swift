import Bytes
import PageAssets

/// A file that the status page loads, held in the binary.
struct AdminAsset {
    let contentType: StaticString
    let content: StaticString

    /// The asset at a path, if there is one.
    init?(path: UnsafeRawBufferPointer) {
        if path.equals("/gatehouse.css") {
            self.init(contentType: "text/css; charset=utf-8", content: PageAssets.styleSheet)
        } else if path.equals("/status.js") {
            self.init(contentType: "text/javascript; charset=utf-8", content: Self.statusScript)
        } else if path.equals("/mark.svg") {
            self.init(contentType: "image/svg+xml", content: PageAssets.mark)
        } else {
            return nil
        }
    }

    private init(contentType: StaticString, content: StaticString) {
        self.contentType = contentType
        self.content = content
    }
}
