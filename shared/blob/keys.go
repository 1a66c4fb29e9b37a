package blob

import "strings"

// FinalKey is where a file of a ticket is kept: under its content's name, see
// portal.Attachment.
func FinalKey(portalID, ticket, content string) string {
	return strings.Join([]string{"attachments", portalID, ticket, content}, "/")
}

// UploadKey is where a person's upload waits for its message, below Incoming.
func UploadKey(portalID, person, upload string) string {
	return strings.Join([]string{portalID, person, upload}, "/")
}

// ExportKey is where a file is kept that is made for a person.
func ExportKey(portalID, person, export string) string {
	return Exports + strings.Join([]string{portalID, person, export}, "/") + ".csv"
}
