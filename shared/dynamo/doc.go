// Package dynamo keeps the portal's data in DynamoDB. It is the only package
// that talks to it.
//
// # Items
//
// P is the portal's id. Every table has the keys pk and sk.
//
//	table        item                                   pk            sk
//	tickets      ticket                                 P#T#ticket    t
//	             message or event that customers see    same          m#ms#message
//	             comment, note, internal event of the
//	             thread that customers see              same          c#ms#message
//	             another thread's message               same          i#thread#ms#message
//	             attachment → the message it hangs on   same          f#attachment
//	             reply marker                           same          k#author#clientId
//	             marker of a ticket that was opened     P#opened#author  k#author#clientId
//	             ticket counter                         P#number      n
//	             what was sent for a form               P#form#form   submission
//	             imported record → ticket               P#X#record    x
//	lists        entry, one per audience                audience      ticket
//	             audience: P#c#contact, P#o#company, P#* (the team),
//	             P#u#address (nobody's list: it is yet to be proven)
//	search       posting: a token that an audience      audience#first two runes  token#inverted ms#ticket
//	             finds a ticket by
//	             what a ticket is found by, and by whom P#T#ticket    d
//	             its newest messages as plain text      same          x
//	people       person                                 P#c#contact   p
//	             read marks                             same          r
//	             what they agreed to                    same          k#ms#version
//	             that they asked for erasure            same          erasure
//	             where the next part of their copy is   same          copy
//	             company of a domain                    P#d#domain    d
//	             invitation that waits for the portal   P#waiting     c#contact
//	             API token                              same          t#hash
//	             e-mail claim                           P#e#address   e
//	             company                                P#o#company   p
//	             company's member                       same          c#contact
//	             company's open invitation              same          v#address
//	             static access group's member           P#g#group     c#contact
//	             who is invited and has no login yet    P#invited     c#contact
//	             imported record → contact, company     P#X#c#record, P#X#o#record  x
//	             contact → the record imported as it    P#c#contact   x
//	credentials  password hash                          P#c#contact   pw
//	             authenticator app                      same          totp
//	             account with an identity provider      same          i#hash
//	             the same → whose it is                 P#i#hash      i
//	             secret with a provider                 P#sso         provider#id
//	             passkey                                P#c#contact   w#hash
//	             how many passkeys there are            same          w
//	sessions     session                                P#c#contact   s#hash
//	             API token's last use                   P#c#contact   t#hash
//	             one-time link                          P#c#contact   l#hash
//	             who is half signed in                  P#c#contact   h#hash
//	             request for a one-time link,           P#n#request   n
//	             or for a test mail, or that an
//	             export has ended
//	             challenge of a passkey                 P#w#hash      w
//	             request to a provider of SAML          P#saml#hash   r
//	             assertion that was taken               same          a
//	             identity that waits for its browser    same          i
//	             pending upload                         P#c#contact   u#upload
//	             export that is made, or has been       same          x#export
//	             rate counter                           P#rate#what#key  w#window
//	             what became of a submission            P#once#caller hash of the client's key
//	             challenge that was solved              P#once#challenge  challenge
//	             who has a ticket open                  P#T#ticket    here
//	             mail of a message, sent or claimed     P#mail#ticket message#recipient
//	audit        what somebody did, or tried            P#yyyy-mm     ms#entry
//	settings     slug → portal                          slug#slug     s
//	             the portal and its pipelines,          P             p, pipeline#id, property#name,
//	             properties, inboxes, staff                           inbox#id, staff#id,
//	             contacts' and companies' properties                  contact-property#name, company-property#name
//	             form                                   P#forms       f#form
//	             each version of it                     P#form#form   v#version
//	             image of the design                    P#images      its name
//	             its last test mail                     P#test-mail   t
//
// A lists entry is a copy of all that the list, its filters and CanSee read of
// a ticket. Its index keys are
//
//	gsi1  pk, l    an audience by last activity       l  = ms#ticket
//	gsi2  as, l    and by state                       as = audience#O or #C; the team's: P#*#inbox#O
//	gsi3  as, sk   by state and creation (ticket ids are in order of time)
//	gsi4  ao, l    the team's: by inbox, owner, state ao = P#*#inbox#owner#O or #C; "-" owns what nobody does
//	gsi5  oi, os   the team's open ones, keys alone   oi = P#*#inbox, os = owner#ticket
//
// A contact's and a company's item have index keys as well, which list them by name;
// nothing else of people does
//
//	gsi1  dp, ds   all contacts, or companies         dp = P#contacts, P#companies; ds = the folded name#id
//
// To write one costs 1 unit more for it, and 2 where the name is another: the prices
// below leave that out.
//
// An invitation of a contact who is let in is the person's own: it is void once they
// are said to be not invited. An invitation into a company, whose request names one,
// is the company's item: it is accepted while that is there, and deleted by it, and by
// the manager's withdrawal. Whoever accepts deletes the item of P#invited as well.
//
// A ticket's messages lie in three ranges of its partition, so that a customer's
// page reads what customers see and nothing else, and an internal message can
// not become part of it by a filter that is forgotten. The team's page of the
// shown thread reads two of them and merges them by time.
//
// The item "here" has an attribute for everyone who has the ticket open, with
// when they last said so, and another for who is writing.
//
// # Access patterns and their price
//
// What a request costs does not grow with the number of tickets stored. A read
// unit is 4 KB read consistently, or 8 KB eventually; a write unit is 1 KB, and
// counts double in a transaction. The tests hold these prices.
//
//	 1  Ticket         a ticket and its newest messages          1 Query, 25 messages: as many KB / 8
//	 1b Older          messages before a position                1 Query beside 1 GetItem
//	 1c Activity       a ticket and its newest message           1 Query: 0.5 as a rule
//	 2  List           a contact's or company's tickets          1 Query on gsi1, gsi2, gsi3 or the table
//	                   an inbox's, of a state and owner          1 Query on gsi2 or gsi4
//	 3  List, filtered the same with a filter that hides some    ≤ 1,000 entries read
//	 6  Viewer         session, person and read marks            1 BatchGetItem: 2, or 3 with marks
//	 7  Settings       a portal's settings                       1 GetItem and 1 Query, kept for 30 s
//	 8  Change         reply, close, reopen                      1 BatchGetItem and 1 TransactWriteItems
//	 9  Attachment     a file and whether its message is shown   1 BatchGetItem: 1
//	10  PersonByEmail  who signs in                              1 GetItem and 1 BatchGetItem: 2.5
//	11  SignIn, SignOut, Touch  a session's life                 1 PutItem, DeleteItem, UpdateItem
//	    PutSessionByPassword  while the password is the same     1 TransactWriteItems: 4
//	12  PutMarks       what a contact has read                   1 PutItem: the marks' size in KB
//	13  Attempt, Count, Uncount  counts tries                    1 UpdateItem: 1; under attack, of an account, up to 6
//	14  PutUpload, Uploads  files that wait for their message    1 PutItem, 1 BatchGetItem
//	15  PutPerson, PutPassword  one's own data                   1 PutItem or UpdateItem
//	16  LeaseNumbers   a block of ticket numbers                 1 UpdateItem
//	17  CountOpen      an inbox's open tickets, up to 100        1 Query of keys on gsi5: 1 for 100
//	18  Thread         a ticket and a page of one thread, as     2 Query at once, 26 messages each: 2 if they are
//	                   the team sees it                          short, 4 fresh; before a position 1 GetItem more;
//	                   of another thread                         1 Query and 1 GetItem at once: 1.5
//	19  Present        who else has a ticket open                1 BatchGetItem: 1, at most every 12 s 1 UpdateItem: 1
//	20  Names          people and companies by id                1 BatchGetItem: 0.5 each
//	21  ContactByEmail who has an address                        2 GetItem: 1.5
//	22  Create         a new ticket                              1 UpdateItem and 1 TransactWriteItems
//	23  NewestTicket, People  what a mail says, and to whom      1 GetItem: 1, and 1 BatchGetItem: 1 each
//	24  ClaimMail, PutSent, ReleaseMail  that it is sent once    1 PutItem and 1 UpdateItem or DeleteItem: 1 each
//	25  Imports        what records became                       1 BatchGetItem of 100: 1 each
//	26  ClaimImports, PutImports  ids for new records, and that  1 TransactWriteItems of 100: 2 each,
//	                   they are written                          1 BatchWriteItem of 25: 1 each
//	27  ChangeImported a ticket that a newer export changes      1 GetItem and 1 TransactWriteItems
//	28  ImportContacts, ImportCompanies  with their claims       1 TransactWriteItems of about 16, of 50
//	29  Holders        who has addresses                         2 BatchGetItem of 100: 2 each
//	30  ExtendSettings pipelines, properties and staff to add    as 7, and 1 TransactWriteItems of 99
//	31  CreatePortal   a new portal's settings                   1 TransactWriteItems: 2 an item
//	32  AddAdmin       somebody who may change the settings      1 TransactWriteItems of 5: 10, 12 with long settings
//	33  SwitchPortal   whether customers may use it              1 UpdateItem: the settings' size in KB
//	34  PutLinkRequest who asks for a one-time link              1 PutItem: 1
//	35  PutLink        makes it, off the stream                  1 PutItem: 1, after ContactByEmail (21)
//	36  Link           what it is for, and whose                 1 BatchGetItem: 2
//	37  UseLink        once                                      1 DeleteItem: 1, with a password 1 TransactWriteItems: 4
//	38  DeleteLinks    all of a person's                         1 Query: 1 as a rule, 1 DeleteItem each
//	39  Sessions       where somebody is signed in               1 Query: 1 for a dozen
//	40  Company        what decides whether its people get in   1 BatchGetItem: 0.5, kept for 30 s, where a rule asks
//	41  PutAudit       an entry of the audit log                1 PutItem: 1
//	42  Audit          a page of a month                        1 Query: about 1 for 25
//	44  Register       a login that is set up by a link         1 TransactWriteItems of 3 to 9: 2 each
//	45  Consents       what somebody agreed to                  1 Query: 0.5 as a rule
//	46  CompanyOfDomain  whom who registers joins               1 GetItem: 0.5, where the portal says so
//	47  HoldInvitation until the portal is switched on          1 TransactWriteItems: 6
//	48  PutInvitation  how far it is with one                   1 UpdateItem: 1
//	49  SendWaiting    those that wait                          1 Query for 25, 1 TransactWriteItems each: 6
//	43  SeeAs          the portal as a customer sees it         1 TransactWriteItems: 4; from then on 6 costs 1 BatchGetItem more
//	70  PersonByIdentity  whose account with a provider it is   2 GetItem: 2
//	71  LinkIdentity   an account that somebody signs in with   1 TransactWriteItems of 4 to 6: 2 each
//	72  Identities, 73 UnlinkIdentity  somebody's, and its end  1 Query: 1; 1 TransactWriteItems of 3: 6
//	74  ProviderSecret what a portal and a provider share       1 GetItem: 0.5
//	75  PutSAMLRequest what a provider of SAML was asked        1 PutItem: 1
//	76  TakeSAMLAnswer and has answered, once                   1 TransactWriteItems of 3: 6
//	77  SAMLIdentity   for the browser that asked, once         1 DeleteItem: 1
//	95  CodeFactor     somebody's authenticator app             1 GetItem: 1
//	96  AddCodeFactor, RemoveCodeFactor  its life               1 TransactWriteItems of 3: 6, of 2: 4
//	97  UseCode, UseRecovery  a code, once                      1 UpdateItem: 1
//	98  PutHalf        who has proved one of two things         1 PutItem: 1
//	99  HalfSignedIn, DeleteHalf  and proves the other          1 BatchGetItem: 3, 1 DeleteItem: 1
//	50  Contact        somebody, and when they were invited      1 BatchGetItem: 2
//	51  Join, JoinByEmail  into a static access group            as 50, or 2 GetItem: 2; and 1 TransactWriteItems of up to 7: 2 each
//	52  Leave, SetRole  a contact's access                       as 50, and 1 TransactWriteItems of 2 to 4: 2 each
//	53  Reinvite       an invitation once more                   as 50, and 1 TransactWriteItems of 4: 2 each
//	54  Members, Colleagues, Invited  a page of people           1 Query: 1, and 1 BatchGetItem: 1 each
//	55  Invitations    a company's open ones                     1 Query: 1 for 40
//	56  InviteColleague  by a company's manager                  1 Query, 2 GetItem, 1 TransactWriteItems of up to 8: 2 each
//	57  WithdrawInvitation  that nobody has accepted             1 Query and 1 TransactWriteItems of 2: 4
//	58  RemoveColleague  from the manager's company              as 50, and 1 TransactWriteItems of up to 8: 2 each
//	60  TokenViewer    an API token, and in whose name         1 BatchGetItem: 2, used before 2.5
//	61  TouchToken     its last use, once an hour               1 UpdateItem: 1
//	62  Tokens         a person's                               2 Query: 1.5 as a rule
//	63  PutToken       makes one, with its entry                1 TransactWriteItems: 4
//	64  DeleteToken    revokes one, with its entry              1 TransactWriteItems: 4
//	80  PutPasskeyChallenge  what a device is to sign       1 PutItem: 1
//	81  UsePasskeyChallenge  once                           1 DeleteItem: 1
//	82  Passkeys       a person's                           1 Query: 1 for seven
//	83  PersonByPasskey  who signs in with one              1 BatchGetItem: 2
//	84  AddPasskey     makes one, with its entry            1 TransactWriteItems of 4: 8
//	85  UsePasskey     that it was used                     1 UpdateItem: 1
//	86  RenamePasskey  calls it something else              1 UpdateItem: 1
//	87  RemovePasskey  takes it away, with its entry        1 TransactWriteItems of 3: 6
//	90  AuditOf        a person's entries of the audit log      1 Query: about 25 for 500 of the month
//	91  SignInMethods  how somebody signs in, without secrets   1 Query: 0.5 as a rule
//	92  DataRequests   what a person asked of their data        1 BatchGetItem: 2, after erasure 1 GetItem: 1
//	93  RequestErasure a ticket that asks for it                1 UpdateItem and 1 TransactWriteItems, as 22
//	94  PutCopyPart    where a large copy goes on               1 PutItem: 1
//	110 Form           what a form asks                         1 GetItem: 0.5 for 4 KB, kept for 30 s
//	111 FormVersion    and asked                                1 GetItem
//	112 Forms          all of them                              1 Query
//	113 PutForm        its next version                         1 TransactWriteItems of 2: twice its KB each
//	114 FormContact    who sends one, for a program             1 BatchGetItem: 1, or 2, where somebody has the address,
//	                                                            or 3, where their company is asked for: 1 more each
//	115 Submitted      what became of a submission              1 GetItem: 1
//	116 Submit         a submission, all that it makes, and     1 UpdateItem for a number, or several where it is busy, and
//	                   that it counts; with a ticket that       1 TransactWriteItems: 2 an item of 1 KB
//	                   follows another, an event on that
//	117 Submission     what was sent                            1 GetItem
//	118 UnprovenTickets  that somebody has yet to confirm       1 Query: 1
//	119 MakeContact    who has confirmed                        1 TransactWriteItems of 2 or 3: 2 each
//	120 FillContact    what they said who has confirmed         1 TransactWriteItems of up to 2: 2 each
//	121 Tickets        what somebody has sent                  1 BatchGetItem: 1 each, as a rule
//	130 SaveSettings   and keep what they were                  1 TransactWriteItems: 2 a KB of what changes, and of what was
//	131 SettingsVersion  what they were                         1 GetItem: 0.5 for 4 KB
//	132 SeeSettings    that somebody sees what they have saved  1 UpdateItem: 1
//	133 SettingsVersions  all that they were                    1 Query: 0.5 for each 4 KB
//	135 PutImage       a picture of the design                  1 PutItem: its KB, at most 200
//	136 Image          what is in it                            1 GetItem: its KB / 4
//	137 Newest         an audience's newest tickets              1 Query for 250: 31 at 1 KB each
//	150 AskTestMail    to who may change the settings            1 TransactWriteItems of 2: 4
//	151 TestMail       what became of the last one               1 GetItem: 1
//	152 EndTestMail    says what did                             1 UpdateItem: 1
//	140 Team           the staff as they are now                 as 7, and 1 BatchGetItem: 1 each
//	141 AddMember      somebody to the team, invited             as 140, 2 GetItem and 1 TransactWriteItems of 8: as 130,
//	                                                             and 8; who was of the team before costs 145 as well
//	142 ChangeMember   name, role and right                      as 140, and 1 TransactWriteItems of 5: as 130, and 2
//	143 InviteMember   once more                                 as 140 and 50, and 1 TransactWriteItems of 4: 8
//	144 RemoveMember   from the team                             as 140, and 1 TransactWriteItems of 9: as 130, and 10
//	145 EndSignIn      all that somebody signs in with           3 Query: 3 as a rule, and 1 DeleteItem each
//	153 Contacts       by name, 154 Companies                    1 Query on gsi1 of people: 0.5 for each 4 KB
//	155 AddContact     with the claim to the address             1 TransactWriteItems of 3 as a rule: 2 each
//	156 ChangeContact  and what follows from it                  as 50, and 1 TransactWriteItems of 2 as a rule: 2 each;
//	                                                             another address costs 2 Query more, 0.5 each as a rule,
//	                                                             4, and 1 DeleteItem a session: 1
//	157 RemoveContact  of no ticket                              as 50 and 145, 2 Query: 1 each, 1 TransactWriteItems of
//	                                                             7 as a rule: 2 each, and 1 DeleteItem for what is left
//	158 CompanyNow     a company, as it is                       1 GetItem: 1
//	159 AddCompany     with its domains                          1 TransactWriteItems of 2, and 1 a domain: 2 each
//	160 ChangeCompany  and whose its domains are                 as 158, and 1 TransactWriteItems of 2 as a rule: 2 each;
//	                                                             domains that it loses cost 1 BatchGetItem: 1 each
//	161 RemoveCompany  without contacts and tickets              as 158, 3 Query: 1 each, 1 BatchGetItem: 1 a domain, and
//	                                                             1 TransactWriteItems of 2, and 1 a domain: 2 each
//	162 MoveContacts   to another company                        1 Query: 1, 2 GetItem: 1 each, and as 156 each
//	166 NewestForm     a form as it is                           1 GetItem: its KB / 4
//	167 FormVersions   what it was before                        1 Query: its KB / 8 each
//	168 SaveForm       its next version                          1 TransactWriteItems of 3: 4 times its KB, and 2
//	170 SaveConfiguration  settings and forms, and what they were  1 TransactWriteItems: as 130, and twice its KB a form;
//	                                                             of more than 95 parts several
//	171 Unused         that there is no ticket yet               1 Query: 1
//	174 CreatePortalFor  its first admin, invited              1 TransactWriteItems: as 31, and 10
//	172 Applied, 173 PutApplied  what a deployment brought last  1 GetItem: its KB / 4, 1 PutItem: its KB
//	180 Index          what a ticket is found by, off the stream  1 GetItem: 1, 1 Query: its KB / 4 of at most 1 MB;
//	                                                             what is new or gone in BatchWriteItem of 25: 1 each, and
//	                                                             2 PutItem: up to 4 each; with what is gone 1 UpdateItem: up to 4
//	181 Search         tickets by words                          2 Query at once: 1.5 each, 2 BatchGetItem: up to 63
//	                                                             one word and no filter: 31 for a full page in all
//	182 TicketIDs      a portal's, for all to be indexed         1 Query for 200: 25 at 1 KB each
//	190 Each           all of an audience's tickets             1 Query of 0.5, and 1 a megabyte: 128 each
//	191 PutExport      asks for an export, 192 Export           1 PutItem: 1, or 5 with a long query; 1 BatchGetItem: 1
//	193 BeginExport, 194 NoteExport  that it is made            1 UpdateItem: 1
//	195 EndExport      what became of it, and its mail          1 TransactWriteItems of 2: 4
//	200 PutViews       what somebody's list can be asked         1 UpdateItem: twice their item's KB, for the list of contacts as well
package dynamo
