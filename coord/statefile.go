package coord

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tacit-mpc/tacit/identity"
)

// StateFile is a StateStore in the file of that name, which only its owner may read. A new state replaces the old one at once,
// also when the machine fails meanwhile.
type StateFile string

// Load reads the file, if there is one.
func (f StateFile) Load() ([]byte, error) {
	state, err := identity.ReadPrivate(string(f), maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load session state: %w", err)
	}
	return state, nil
}

// Save replaces the file.
func (f StateFile) Save(state []byte) error {
	name := string(f) + ".new"
	os.Remove(name) // what a machine that failed may have left
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("save session state: %w", err)
	}
	_, err = temp.Write(state)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(name, string(f))
	}
	if err != nil {
		return fmt.Errorf("save session state: %w", errors.Join(err, os.Remove(name)))
	}
	if d, err := os.Open(filepath.Dir(string(f))); err == nil { // the new name, too; not every system can
		d.Sync()
		d.Close()
	}
	return nil
}

// Remove deletes the file, if there is one.
func (f StateFile) Remove() error {
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove session state: %w", err)
	}
	return nil
}
