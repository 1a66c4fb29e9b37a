package bench

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/infra/local/bench/probe"
)

// Export is all of a company's tickets as CSV.
type Export struct {
	Tickets int      `json:"tickets"`
	Rows    int      `json:"rows"`
	Seconds float64  `json:"seconds"` // until the last byte is here
	Trips   int      `json:"round_trips"`
	Read    float64  `json:"read_units"`
	CPU     float64  `json:"cpu_ms"`      // of the function that makes it
	Bytes   int      `json:"bytes"`       // of the file over the wire
	Plain   int      `json:"plain_bytes"` // of the file itself
	Peak    int64    `json:"peak_bytes"`
	How     string   `json:"how"` // where the file comes from
	Routes  []string `json:"routes"`
}

const (
	exportRoute   = "GET /{portal}/tickets/export.csv"
	exportRecord  = "GET /api/v1/{portal}/exports/{export}"
	exportFile    = "GET /{portal}/exports/{export}/file"
	exportFileAPI = "GET /api/v1/{portal}/exports/{export}/file"
)

// export fetches the file as a program does, and counts its rows: there must be one for
// each ticket that was made, at least.
func export(ctx context.Context, base string, c company, log *lines) (Export, error) {
	e := Export{Tickets: c.tickets, How: "direct", Routes: []string{exportRoute, "GET /api/v1/{portal}/tickets/export.csv"}}
	address := base + "/api/v1/" + c.settings.Slug + "/tickets/export.csv?view=company"
	get := func(address string, cookie bool) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept-Encoding", "gzip")
		if cookie {
			r.AddCookie(c.cookie)
		}
		return client.Do(r)
	}
	log.take("", "")
	began := time.Now()
	resp, err := get(address, true)
	for again := 0; err == nil && resp.StatusCode != http.StatusOK; again++ {
		var to *url.URL
		var job struct{ State, Href string }
		answer, readErr := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		resp.Body.Close()
		if readErr != nil {
			return e, readErr
		}
		switch resp.StatusCode {
		case http.StatusAccepted:
			e.How = "a job, from S3"
			e.Routes = append(e.Routes, exportRecord, "GET /{portal}/exports/{export}", exportFile, exportFileAPI)
			if to, err = resp.Location(); err != nil {
				return e, err
			}
			if err := e.wait(ctx, func() error {
				resp, err := get(to.String(), true)
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				return json.NewDecoder(resp.Body).Decode(&job)
			}, func() string { return job.State }); err != nil {
				return e, err
			}
			if to, err = to.Parse(cmp.Or(job.Href, to.String()+"/file")); err != nil {
				return e, err
			}
		case http.StatusSeeOther, http.StatusFound:
			if e.How == "direct" {
				e.How = "from S3"
			}
			if to, err = resp.Location(); err != nil {
				return e, err
			}
		default:
			return e, fmt.Errorf("export of %d tickets: %d %.300s\n%s", c.tickets, resp.StatusCode, answer, log.errors())
		}
		if again == 5 {
			return e, fmt.Errorf("export of %d tickets leads on and on, at last to %s", c.tickets, to)
		}
		resp, err = get(to.String(), to.Host == resp.Request.URL.Host)
	}
	if err != nil {
		return e, err
	}
	defer resp.Body.Close()
	var n, plain counter
	body := io.TeeReader(resp.Body, &n)
	if strings.Contains(resp.Header.Get("Content-Encoding"), "gzip") {
		zipped, err := gzip.NewReader(body)
		if err != nil {
			return e, err
		}
		body = zipped
	}
	rows := csv.NewReader(io.TeeReader(body, &plain))
	rows.ReuseRecord = true
	for {
		_, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return e, fmt.Errorf("export of %d tickets: %w", c.tickets, err)
		}
		e.Rows++
	}
	e.Rows-- // the head
	e.Seconds, e.Bytes, e.Plain = time.Since(began).Seconds(), int(n), int(plain)
	if e.Rows < c.tickets {
		return e, fmt.Errorf("export of %d tickets has %d rows", c.tickets, e.Rows)
	}
	e.price(log)
	return e, nil
}

// wait asks until the job has ended.
func (e *Export) wait(ctx context.Context, ask func() error, state func() string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if err := ask(); err != nil {
			return err
		}
		switch state() {
		case "ready":
			return nil
		case "failed":
			return errors.New("the job of an export has failed")
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("the job of an export does not end: %w", ctx.Err())
		}
	}
}

// price fills in what the functions' log says.
func (e *Export) price(log *lines) {
	for _, line := range log.all() {
		switch {
		case line.Msg == probe.Message && (line.Function == "ticket-export" || line.Function == "export-job"):
			e.Peak = max(e.Peak, line.Peak)
			e.CPU += float64(line.CPU) / 1e6
		case line.Read > 0 && line.Read > e.Read:
			e.Trips, e.Read = line.Trips, line.Read
		}
	}
}
