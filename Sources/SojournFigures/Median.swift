/// The element in the middle, the lower one of two.
package enum Median {
    /// Sorts no more than it must. 0 for no elements.
    package static func take(_ numbers: inout [Int64]) -> Int64 {
        if numbers.isEmpty { return 0 }
        let target = (numbers.count - 1) / 2
        var low = 0
        var high = numbers.count - 1
        while low < high {
            // The middle of three keeps sorted and reversed input cheap.
            let pivot = middle(numbers[low], numbers[(low + high) / 2], numbers[high])
            var (left, right) = (low, high)
            while left <= right {
                while numbers[left] < pivot { left += 1 }
                while numbers[right] > pivot { right -= 1 }
                if left <= right {
                    numbers.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if target <= right {
                high = right
            } else if target >= left {
                low = left
            } else {
                break
            }
        }
        return numbers[target]
    }

    private static func middle(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
        max(min(a, b), min(max(a, b), c))
    }
}
