package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

func (p *program) personCommand() *cobra.Command {
	person := group(&cobra.Command{
		Use:   "person",
		Short: "List the people who sign in, and change what they may do",
		Long: `List the people who have signed in with OpenID Connect, and change what they may
do. Settings here override what their tokens say, from their next request on.`,
		GroupID: groupOperate,
		Example: `  redthread person list
  redthread person update per_0saf8pq4mg6gq --role EDITOR
  redthread person update per_0saf8pq4mg6gq --disable`,
	}, p.personListCommand(), p.personUpdateCommand())
	flags := person.PersistentFlags()
	p.config.commonFlags(flags)
	// The clearance of a person can depend on how the server reads tokens. The OIDC
	// configuration is in the environment of both.
	oidc := pflag.NewFlagSet("oidc", pflag.ContinueOnError)
	p.config.OIDC.flags(oidc)
	oidc.VisitAll(func(f *pflag.Flag) {
		f.Hidden = true
		flags.AddFlag(f)
	})
	return person
}

// withPeople calls fn with the people of existing stores.
func (p *program) withPeople(ctx context.Context, log *slog.Logger, fn func(*access.People) error) error {
	if err := p.config.mustExist(); err != nil {
		return err
	}
	return p.with(ctx, log, func(b *backend) error {
		return fn(access.NewPeople(b.stores, b.refusals, log, p.now, p.config.OIDC.access()))
	})
}

func (p *program) personListCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List all people who have ever signed in, by name",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			return p.withPeople(ctx, log, func(people *access.People) error {
				all, err := people.List(domain.AsSystem(ctx, "person list"))
				if err != nil {
					return err
				}
				views := make([]personView, len(all))
				for i, who := range all {
					views[i] = viewOfPerson(who)
				}
				if asJSON {
					return p.printJSON(views)
				}
				table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
				row(table, "ID", "NAME", "ROLE", "CLEARANCE", "STATE", "LAST SEEN", "ISSUER")
				for _, v := range views {
					row(table, v.ID.String(), v.Name, v.Role, v.Clearance, v.State, v.LastSeenAt.Format(time.DateOnly), v.Issuer)
				}
				return table.Flush()
			})
		}),
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return list
}

func (p *program) personUpdateCommand() *cobra.Command {
	var input struct {
		role, clearance string
		disable, enable bool
		json            bool
	}
	update := &cobra.Command{
		Use:   "update PERSON",
		Short: "Change what a person may do",
		Long: `Change what a person may do. PERSON is the id, as shown by "person list".

--role and --clearance override the person's tokens; "issuer" uses the tokens
again.`,
		Args: exactly("PERSON"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			var params access.UpdatePersonParams
			var problems domain.Problems
			id, err := domain.ParseID(args[0])
			if err != nil || id.Type() != domain.Person {
				problems.Add("PERSON", "want an id such as per_0saf8pq4mg6gq, not %q", args[0])
			}
			params.ID = id
			const issuer = "ISSUER"
			switch name := strings.ToUpper(input.role); name {
			case "":
			case issuer:
				params.ClearRole = true
			default:
				role, ok := domain.ParseRole(name)
				if !ok {
					problems.Add("--role", "want issuer, or one of %s", strings.Join(domain.Roles, ", "))
				}
				params.Role = &role
			}
			switch name := strings.ReplaceAll(strings.ToUpper(input.clearance), "-", "_"); name {
			case "":
			case issuer:
				params.ClearClearance = true
			default:
				clearance, ok := domain.ParseMarking(name)
				if !ok {
					problems.Add("--clearance", "want issuer, or one of %s", strings.Join(domain.Markings, ", "))
				}
				params.Clearance = &clearance
			}
			if input.disable && input.enable {
				problems.Add("--enable", "give --disable or --enable, not both")
			}
			if input.disable || input.enable {
				params.Disabled = &input.disable
			}
			if err := problems.Err("the person was not changed"); err != nil {
				return usageError{err}
			}
			return p.withPeople(ctx, log, func(people *access.People) error {
				who, err := people.Update(domain.AsSystem(ctx, "person update"), params)
				if err != nil {
					return asUsage(err)
				}
				view := viewOfPerson(who)
				if input.json {
					return p.printJSON(view)
				}
				_, err = fmt.Fprintf(p.Stdout, "%s (%s): %s, clearance %s, %s.\n", view.ID, view.Name, view.Role, view.Clearance, strings.ToLower(view.State))
				return err
			})
		}),
	}
	f := update.Flags()
	f.StringVar(&input.role, "role", "", "`role`: "+strings.Join(domain.Roles, ", ")+", or issuer")
	f.StringVar(&input.clearance, "clearance", "", "highest `marking` to be seen, or issuer")
	f.BoolVar(&input.disable, "disable", false, "disable the person")
	f.BoolVar(&input.enable, "enable", false, "enable the person again")
	f.BoolVar(&input.json, "json", false, "print JSON")
	return update
}

// personView is a person in the JSON output.
type personView struct {
	ID         domain.ID  `json:"id"`
	Name       string     `json:"name"`
	Email      string     `json:"email,omitempty"`
	Role       string     `json:"role"`
	Clearance  string     `json:"clearance"`
	State      string     `json:"state"`
	Issuer     string     `json:"issuer"`
	Subject    string     `json:"subject"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastSeenAt time.Time  `json:"lastSeenAt"`
	DisabledAt *time.Time `json:"disabledAt"`
}

func viewOfPerson(who access.Person) personView {
	state := "ACTIVE"
	if who.DisabledAt != nil {
		state = "DISABLED"
	}
	return personView{
		ID: who.ID, Name: who.Name, Email: who.Email, Role: who.Role.String(), Clearance: who.Clearance.String(), State: state,
		Issuer: who.Issuer, Subject: who.Subject, CreatedAt: who.CreatedAt, LastSeenAt: who.LastSeenAt, DisabledAt: who.DisabledAt,
	}
}
