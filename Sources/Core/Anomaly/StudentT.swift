internal import Glibc

/// Student's t distribution with a whole number of degrees of freedom.
package struct StudentT {
    package let degreesOfFreedom: Int

    package init(degreesOfFreedom: Int) { self.degreesOfFreedom = degreesOfFreedom }

    /// The probability of a value of at most `t`.
    ///
    /// - SeeAlso: Abramowitz and Stegun, 26.7.3 and 26.7.4 (the finite series for P(|T| < t)).
    package func cumulativeProbability(_ t: Double) -> Double {
        let angle = atan(abs(t) / Double(degreesOfFreedom).squareRoot())
        let (sine, cosine) = (sin(angle), cos(angle))
        let isOdd = degreesOfFreedom % 2 == 1
        // cos^first, then each term times cos^2 k / (k + 1)
        var term = isOdd ? cosine : 1
        var sum = degreesOfFreedom == 1 ? 0 : term
        for k in stride(from: isOdd ? 2 : 1, through: degreesOfFreedom - 3, by: 2) {
            term *= cosine * cosine * Double(k) / Double(k + 1)
            sum += term
        }
        let within = isOdd ? 2 / .pi * (angle + sine * sum) : sine * sum
        return t < 0 ? (1 - within) / 2 : (1 + within) / 2
    }

    /// The value that is not exceeded with `probability`, in `0.5 ..< 1`; found by bisection to 1e-9.
    package func quantile(_ probability: Double) -> Double {
        precondition((0.5..<1).contains(probability) && degreesOfFreedom >= 1, "student t: quantile \(probability)")
        guard probability > 0.5 else { return 0 }
        var (low, high) = (0.0, 1.0)
        while cumulativeProbability(high) < probability { high *= 2 }
        while high - low > 1e-9 * high {
            let middle = (low + high) / 2
            if cumulativeProbability(middle) < probability { low = middle } else { high = middle }
        }
        return high
    }
}
