package main

import (
	"fmt"
	"net/mail"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/jsii-runtime-go"
)

// mailDomain is what follows the @ of the address that mails come from, "" where
// there is none.
func (d deployment) mailDomain() string {
	a, err := mail.ParseAddress(d.sender())
	if err != nil {
		return ""
	}
	return strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
}

// addMailIdentity has SES sign the domain's mails. The three records that prove
// the domain go into its hosted zone where that is here; otherwise outputs say them.
func (s *stack) addMailIdentity() {
	domain := s.deployment.mailDomain()
	if domain == "" || s.deployment.MailIdentity == existingIdentity {
		return
	}
	identity := awsses.NewEmailIdentity(s.Stack, jsii.String("MailIdentity"), &awsses.EmailIdentityProps{
		Identity: awsses.Identity_Domain(jsii.String(domain)),
	})
	names := []*string{identity.DkimDnsTokenName1(), identity.DkimDnsTokenName2(), identity.DkimDnsTokenName3()}
	values := []*string{identity.DkimDnsTokenValue1(), identity.DkimDnsTokenValue2(), identity.DkimDnsTokenValue3()}
	for i := range names {
		id := fmt.Sprintf("MailRecord%d", i+1)
		if !s.deployment.inZone(domain) {
			s.output(id, "SES sends once this record is there", jsii.String(*names[i]+" CNAME "+*values[i]))
			continue
		}
		awsroute53.NewCfnRecordSet(s.Stack, jsii.String(id), &awsroute53.CfnRecordSetProps{
			HostedZoneId:    jsii.String(s.deployment.HostedZone),
			Name:            names[i],
			Type:            jsii.String("CNAME"),
			Ttl:             jsii.String("1800"),
			ResourceRecords: &[]*string{values[i]},
		})
	}
}
