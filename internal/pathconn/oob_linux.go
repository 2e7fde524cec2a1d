package pathconn

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// oobSize is room for the control messages of one send: a segment size and a traffic class.
const oobSize = 64

// segmentSize reads UDP_SEGMENT, the size of each packet but the last of a segmented send; 0 if it is one packet.
func segmentSize(oob []byte) int {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_SEGMENT && len(data) >= 2 {
			return int(native.Uint16(data))
		}
		oob = rest
	}
	return 0
}

// toIPv6 copies control messages made for an IPv4 destination, which peers' addresses look like, for one of IPv6: the ECN bits
// of IP_TOS become an IPV6_TCLASS.
func toIPv6(dst, oob []byte) []byte {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return dst
		}
		if h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(data) >= 1 {
			var class [4]byte
			native.PutUint32(class[:], uint32(data[0]))
			dst = appendMessage(dst, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, class[:])
		} else {
			dst = appendMessage(dst, h.Level, h.Type, data)
		}
		oob = rest
	}
	return dst
}

func appendMessage(dst []byte, level, typ int32, data []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, unix.CmsgSpace(len(data)))...)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&dst[start]))
	h.Level, h.Type = level, typ
	h.SetLen(unix.CmsgLen(len(data)))
	copy(dst[start+unix.CmsgLen(0):], data)
	return dst
}
