package check

import "strings"

// nearest returns the candidate with the least edit distance from name, if that is small, or one that differs in case alone;
// the first of several.
func nearest(name string, candidates []string) string {
	limit := (len(name) + 1) / 4
	best := ""
	for _, s := range candidates {
		if strings.EqualFold(name, s) && s != name {
			return s
		}
		if len(s) > len(name)+limit || len(s)+limit < len(name) || s == name || len(s) > 64 {
			continue
		}
		if d := distance(name, s); d <= limit {
			best, limit = s, d-1
		}
	}
	return best
}

// distance is the Levenshtein distance, with a swap of neighbours counted as one change.
func distance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
