package coord

// A StateStore keeps the state of one session while its coordinator is restarted. What it keeps is secret: it opens seats.
type StateStore interface {
	Load() ([]byte, error) // what was saved last; nothing and no error if nothing was, or Remove came after it
	Save([]byte) error     // durably, in place of what was saved before
	Remove() error
}
