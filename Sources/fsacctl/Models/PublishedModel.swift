/// A model that `fsacctl model pull` knows where to find.
struct PublishedModel {
    struct File {
        let url: String
        /// What it is called in the folder that is imported.
        let name: String
    }

    let name: String
    /// Where it comes from, in words for a person.
    let source: String
    let licence: String
    let files: [File]
    /// The beginning of the weights' SHA-256, where the publisher says it; OpenCLIP puts eight digits into the file's name.
    let sha256Prefix: String?
    /// Of the weights, about.
    let megabytes: Int

    // docs/clip.md has the same list with what is known of each.
    static let all: [PublishedModel] = [
        openCLIP("vit-b-16-plus-240", "vit_b_16_plus_240-laion400m_e32-699c4b84.pt", "ViT-B-16-plus-240", 834),
        // QuickGELU: the same weights under ViT-B-32's configuration load and give other features.
        openCLIP("vit-b-32-laion400m", "vit_b_32-quickgelu-laion400m_e32-46683a32.pt", "ViT-B-32-quickgelu", 605),
        openCLIP("vit-b-16-laion400m", "vit_b_16-laion400m_e32-55e67d44.pt", "ViT-B-16", 599),
        openCLIP("vit-l-14-laion400m", "vit_l_14-laion400m_e32-3d133497.pt", "ViT-L-14", 1711),
        openAI("vit-b-32", "clip-vit-base-patch32", 605), openAI("vit-b-16", "clip-vit-base-patch16", 599),
        openAI("vit-l-14", "clip-vit-large-patch14", 1711), openAI("vit-l-14-336", "clip-vit-large-patch14-336", 1712),
    ]

    static func named(_ name: String) -> PublishedModel? { all.first { $0.name == name } }

    /// One of OpenCLIP's releases: weights trained on LAION-400M, for 32 epochs.
    private static func openCLIP(
        _ name: String, _ weights: String, _ configuration: String, _ megabytes: Int
    ) -> PublishedModel {
        let repository = "https://github.com/mlfoundations/open_clip/releases/download/v0.2-weights/"
        // The releases have weights alone; configuration and vocabulary are in the sources.
        let sources = "https://github.com/mlfoundations/open_clip/raw/main/src/open_clip/"
        let vocabulary = "bpe_simple_vocab_16e6.txt.gz"
        return PublishedModel(
            name: name, source: "OpenCLIP \(configuration), laion400m_e32", licence: "MIT",
            files: [
                File(url: sources + "model_configs/\(configuration).json", name: "open_clip_config.json"),
                File(url: sources + vocabulary, name: vocabulary), File(url: repository + weights, name: weights),
            ], sha256Prefix: weights.dropLast(".pt".count).split(separator: "-").last.map(String.init),
            megabytes: megabytes)
    }

    /// OpenAI's own weights as Hugging Face has them.
    private static func openAI(_ name: String, _ repository: String, _ megabytes: Int) -> PublishedModel {
        // `vocab.json` is not needed: it is checked against the merges.
        let names = ["config.json", "preprocessor_config.json", "merges.txt", "vocab.json", "pytorch_model.bin"]
        let folder = "https://huggingface.co/openai/\(repository)/resolve/main/"
        return PublishedModel(
            name: name, source: "OpenAI \(repository)", licence: "MIT (OpenAI's CLIP), see its model card",
            files: names.map { File(url: folder + $0, name: $0) }, sha256Prefix: nil, megabytes: megabytes)
    }
}
