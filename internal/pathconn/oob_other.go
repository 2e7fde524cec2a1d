//go:build !linux

package pathconn

const oobSize = 0

// segmentSize is 0: there is no segmentation offload here.
func segmentSize([]byte) int { return 0 }

// toIPv6 drops the control messages: the ECN bits of IPv4 do not fit.
func toIPv6(dst, _ []byte) []byte { return dst }
