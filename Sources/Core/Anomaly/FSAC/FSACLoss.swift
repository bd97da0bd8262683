internal import Glibc

/// The losses of CLIP-FSAC++ on a batch, and what they want of the similarities (Zuo et al., eq. 10 to 13).
///
/// As the paper has them: the temperature of eq. 10 and 11 is 1, and they compare with `AT`. (The released code has 0.99, compares
/// with `CT`, takes a quarter of both, and puts the classification's probabilities through a second softmax.)
///
/// The first half of the batch is normal. Row `i` of the second half is its `i`-th partner in the text-to-image term, and
/// may be anomalous by a share: it then counts as anomalous by this share and as normal by the rest, and so much less in
/// the text-to-image term, which has no word for half.
package struct FSACLoss {
    /// Eq. 10, 11 and 12; the first two are sums over a pair and means over the pairs, the last is a mean over the pictures.
    package let imageToText: Float
    package let textToImage: Float
    package let classification: Float
    /// Eq. 13.
    let value: Float
    /// Derivatives by `s(CF, AT)` and by `s(CF, CT)`, `[B, 2]`.
    let byAnchorSimilarity: Matrix
    let byEnhancedSimilarity: Matrix

    /// - Parameters:
    ///   - anchorSimilarity, enhancedSimilarity: `[B, 2]`.
    ///   - labels: `[B]`, 0 normal ... 1 anomalous.
    init(anchorSimilarity: Matrix, enhancedSimilarity: Matrix, labels: [Float], form: FSACForm) {
        let count = labels.count
        let half = count / 2
        precondition(count == 2 * half && anchorSimilarity.rows == count, "fsac loss: \(count) labels")
        var (imageToTextSum, textToImageSum, classificationSum) = (Float(0), Float(0), Float(0))
        var byAnchor = Matrix(rows: count, columns: 2)
        var byEnhanced = Matrix(rows: count, columns: 2)
        for row in 0..<count {
            // Eq. 10; a pair has two of these terms.
            let imageToText = Self.crossEntropy(
                anchorSimilarity[row, 1] - anchorSimilarity[row, 0], label: labels[row], weight: 1 / Float(half))
            byAnchor[row, 1] += imageToText.slope
            byAnchor[row, 0] -= imageToText.slope
            // Eq. 12.
            let difference = enhancedSimilarity[row, 1] - enhancedSimilarity[row, 0]
            let classified = Self.crossEntropy(
                difference / form.temperature, label: labels[row],
                weight: 1 / Float(count))
            let slope = form.classificationWeight * classified.slope / form.temperature
            byEnhanced[row, 1] += slope
            byEnhanced[row, 0] -= slope
            imageToTextSum += imageToText.value
            classificationSum += classified.value
        }
        for normal in 0..<half {
            // Eq. 11: which of the pair is more like the anchor.
            let other = normal + half
            for side in 0..<2 {
                let term = Self.crossEntropy(
                    anchorSimilarity[other, side] - anchorSimilarity[normal, side], label: Float(side),
                    weight: labels[other] / Float(half))
                byAnchor[other, side] += term.slope
                byAnchor[normal, side] -= term.slope
                textToImageSum += term.value
            }
        }
        imageToText = imageToTextSum
        textToImage = textToImageSum
        classification = classificationSum
        value = imageToText + textToImage + form.classificationWeight * classification
        byAnchorSimilarity = byAnchor
        byEnhancedSimilarity = byEnhanced
    }

    /// `-label log p - (1 - label) log(1 - p)` with `p = 1 / (1 + exp(-logit))`, and its derivative by the logit.
    private static func crossEntropy(_ logit: Float, label: Float, weight: Float) -> (value: Float, slope: Float) {
        (weight * (softplus(logit) - label * logit), weight * (1 / (1 + exp(-logit)) - label))
    }
}

/// `log(1 + exp(x))`.
func softplus(_ x: Float) -> Float { max(x, 0) + log1p(exp(-abs(x))) }
