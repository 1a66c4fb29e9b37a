package portal

import "time"

// Export is a file of tickets that is made for somebody while nobody waits for it.
type Export struct {
	ID       string
	Person   string // whose it is, and nobody else's
	Query    string // what the list's address asks for, after the question mark
	Language string // that it was asked for in
	Plain    bool   // who asked does not read gzip
	API      bool   // a program asked, and waits for no mail
	Created  time.Time
	Ends     time.Time // from then on it is gone

	State ExportState
	Run   int64     // how often it has been begun
	Rows  int64     // so far, the header not counted
	Noted time.Time // when that was last said

	// Of one that is ready.
	Name string // of the file
	Size int64  // in bytes, as it is kept
}

// ExportState is how far an export is.
type ExportState string

const (
	ExportRunning ExportState = "running"
	ExportReady   ExportState = "ready"
	ExportFailed  ExportState = "failed"
)

const (
	// ExportAge is how long an export is kept.
	ExportAge = 24 * time.Hour

	// MaxExportRuns is how often an export is begun before it has failed.
	MaxExportRuns = 3

	// exportSilence is how long after its last sign of life a running export counts as
	// failed: longer than a run may take, and a while for the next to begin.
	exportSilence = 30 * time.Minute
)

// At is how far the export is at the time: one that nothing has been heard of for too
// long has failed, whatever has become of who was making it.
func (e Export) At(now time.Time) ExportState {
	if e.State == ExportRunning && now.Sub(e.Noted) > exportSilence {
		return ExportFailed
	}
	return e.State
}

// Gone tells whether the export is not kept any more.
func (e Export) Gone(now time.Time) bool { return !now.Before(e.Ends) }
