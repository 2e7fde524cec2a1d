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
	dir := filepath.Dir(string(f))
	temp, err := os.CreateTemp(dir, filepath.Base(string(f))+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("save session state: %w", err)
	}
	_, err = temp.Write(state)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), string(f))
	}
	if err != nil {
		return fmt.Errorf("save session state: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	if d, err := os.Open(dir); err == nil { // the new name, too; not every system can
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
