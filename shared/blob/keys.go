package blob

import "strings"

// FinalKey is where a file of a ticket is kept.
func FinalKey(portalID, ticket, attachment string) string {
	return strings.Join([]string{"attachments", portalID, ticket, attachment}, "/")
}

// UploadKey is where a person's upload waits for its message, below Incoming.
func UploadKey(portalID, person, upload string) string {
	return strings.Join([]string{portalID, person, upload}, "/")
}
