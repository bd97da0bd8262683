/// The version of the product; the changelog's newest heading.
public enum FsacVersion {
    public static let text = "0.1.0"
}
