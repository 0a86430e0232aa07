package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

func (p *program) keyCommand() *cobra.Command {
	key := group(&cobra.Command{
		Use:   "key",
		Short: "Create, change, rotate, list and revoke API keys",
		Long: `Create, change, rotate, list and revoke API keys. A key belongs to a person or a program,
and is sent with each request:

  Authorization: Bearer rt_…

Roles, each with all rights of the roles above it:
  PUBLIC   reads live
  PARTNER  reads live up to its clearance
  AUTHOR   reads the desk and writes drafts
  EDITOR   publishes, unpublishes, schedules, merges
  ADMIN    manages keys and people, reads the audit log, purges, rebuilds live

The clearance is the highest TLP marking that the holder sees: CLEAR, GREEN,
AMBER, AMBER_STRICT or RED. It is RED for staff, GREEN for a PARTNER and CLEAR
for PUBLIC unless you say otherwise.

A key can be narrowed: to some of its role's rights (--scope), to the networks
it is used from (--network), to the pages that use it from a browser (--origin),
and to a cost a minute of its own (--rate-limit). It can be given a right that no
role has (--grant): OWN_WEBHOOKS, to register webhooks of its own.`,
		GroupID: groupOperate,
		Example: `  redthread key create --name "Ada's desk" --role EDITOR
  redthread key create --name "partner site" --role PARTNER --clearance AMBER --expires 90d --json
  redthread key create --name "site build" --role EDITOR --scope REGISTER_DOCUMENTS --network 203.0.113.0/24
  redthread key update "partner site" --grant OWN_WEBHOOKS
  redthread key rotate "partner site" --overlap 48h
  redthread key list
  redthread key revoke "partner site"`,
	}, p.keyCreateCommand(), p.keyUpdateCommand(), p.keyRotateCommand(), p.keyListCommand(), p.keyRevokeCommand())
	p.config.commonFlags(key.PersistentFlags())
	return key
}

func (p *program) keyCreateCommand() *cobra.Command {
	var input struct {
		name, role, clearance, expires string
		scopes, origins, networks      []string
		grants                         []string
		rateLimit                      int
		json                           bool
	}
	create := &cobra.Command{
		Use:   "create --name NAME --role ROLE",
		Short: "Create a key and print it; it is not shown again",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			params := access.CreateParams{Name: input.name}
			var problems domain.Problems
			if input.name == "" {
				problems.Add("--name", "must not be empty: name the holder of the key")
			}
			var ok bool
			if params.Role, ok = domain.ParseRole(strings.ToUpper(input.role)); !ok {
				problems.Add("--role", "want one of %s", strings.Join(domain.Roles, ", "))
			}
			params.Clearance = parseClearance(input.clearance, &problems)
			params.Grants = parseGrants(input.grants, &problems)
			if input.expires != "" {
				at, err := parseExpiry(input.expires, p.now())
				if err != nil {
					problems.Add("--expires", "%s", err)
				}
				params.ExpiresAt = &at
			}
			params.Restrictions = access.Restrictions{Origins: input.origins, RateLimit: input.rateLimit}
			for _, name := range input.scopes {
				right, ok := domain.ParseRight(strings.ToUpper(name))
				if !ok {
					problems.Add("--scope", "want one of %v, not %q", domain.Rights(), name)
				}
				params.Scopes = append(params.Scopes, right)
			}
			for _, text := range input.networks {
				network, err := access.ParseNetwork(text)
				if err != nil {
					problems.Add("--network", "%s", err)
				}
				params.Networks = append(params.Networks, network)
			}
			if err := problems.Err("the key was not created"); err != nil {
				return usageError{err}
			}
			return p.with(ctx, log, func(b *backend) error {
				key, secret, err := b.keys.Create(domain.AsSystem(ctx, "key create"), params)
				if err != nil {
					return asUsage(err)
				}
				return p.printSecret(key, secret, input.json)
			})
		}),
	}
	f := create.Flags()
	f.StringVar(&input.name, "name", "", "`name` of the holder of the key, shown in revisions")
	f.StringVar(&input.role, "role", "", "`role`: "+strings.Join(domain.Roles, ", "))
	f.StringVar(&input.clearance, "clearance", "", "highest `marking` to be seen (default by role)")
	f.StringVar(&input.expires, "expires", "", "`when` it expires: 90d, 12h, or a time such as 2027-01-31T00:00:00Z (default never)")
	f.StringSliceVar(&input.scopes, "scope", nil, "`right` of the role that the key keeps; repeat it or separate by commas (default all)")
	f.StringSliceVar(&input.grants, "grant", nil, grantUsage+" (default none)")
	f.StringSliceVar(&input.networks, "network", nil, "`network` that the key may be used from, such as 203.0.113.0/24; repeatable (default any)")
	f.StringSliceVar(&input.origins, "origin", nil, "`origin` of pages that may use the key, such as https://site.example; repeatable (default any)")
	f.IntVar(&input.rateLimit, "rate-limit", 0, "allowed `cost` per minute (default that of the role)")
	f.BoolVar(&input.json, "json", false, "print JSON")
	return create
}

// parseClearance parses the value of --clearance; nil where it is empty.
func parseClearance(text string, problems *domain.Problems) *domain.Marking {
	if text == "" {
		return nil
	}
	marking, ok := domain.ParseMarking(strings.ReplaceAll(strings.ToUpper(text), "-", "_"))
	if !ok {
		problems.Add("--clearance", "want one of %s", strings.Join(domain.Markings, ", "))
	}
	return &marking
}

// parseGrants parses the values of --grant.
func parseGrants(names []string, problems *domain.Problems) []domain.Right {
	var grants []domain.Right
	for _, name := range names {
		right, ok := domain.ParseRight(strings.ToUpper(name))
		if !ok {
			problems.Add("--grant", "want %s, not %q", domain.OwnWebhooks, name)
		}
		grants = append(grants, right)
	}
	return grants
}

func (p *program) keyUpdateCommand() *cobra.Command {
	var input struct {
		clearance string
		grants    []string
		noGrants  bool
		json      bool
	}
	update := &cobra.Command{
		Use:   "update KEY",
		Short: "Change the clearance or the grants of a key, from the next request on",
		Long: `Change the clearance or the grants of a key, from the next request on. The keys that
it was rotated from, and to, get the same.

KEY is its id, its name, its first characters as "key list" shows them, or the
key itself.`,
		Args: exactly("KEY"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			var problems domain.Problems
			params := access.UpdateParams{Key: args[0], Clearance: parseClearance(input.clearance, &problems)}
			if input.grants != nil || input.noGrants {
				grants := parseGrants(input.grants, &problems)
				params.Grants = &grants
			}
			switch {
			case input.grants != nil && input.noGrants:
				problems.Add("--no-grants", "contradicts --grant: leave one of them out")
			case params.Clearance == nil && params.Grants == nil:
				problems.Add("--clearance, --grant, --no-grants", "want at least one of them")
			}
			if err := problems.Err("the key was not changed"); err != nil {
				return usageError{err}
			}
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				key, err := b.keys.Update(domain.AsSystem(ctx, "key update"), params)
				if err != nil {
					return asUsage(err)
				}
				if input.json {
					return p.printJSON(viewOf(key, p.now()))
				}
				_, err = fmt.Fprintf(p.Stdout, "%s (%s) has the clearance %s and the grants %v.\n", key.ID, key.Name, key.Clearance, key.Grants)
				return err
			})
		}),
	}
	f := update.Flags()
	f.StringVar(&input.clearance, "clearance", "", "highest `marking` to be seen")
	f.StringSliceVar(&input.grants, "grant", nil, grantUsage+"; it replaces those of before")
	f.BoolVar(&input.noGrants, "no-grants", false, "take all grants away")
	f.BoolVar(&input.json, "json", false, "print JSON")
	return update
}

const grantUsage = "`right` that no role has: OWN_WEBHOOKS, to register webhooks of its own"

// printSecret prints a new key with its secret, which is not shown again.
func (p *program) printSecret(key access.Key, secret string, asJSON bool) error {
	if asJSON {
		return p.printJSON(struct {
			keyView
			Key string `json:"key"`
		}{viewOf(key, p.now()), secret})
	}
	// Only the key, for scripts: key=$(redthread key create …).
	if _, err := fmt.Fprintln(p.Stdout, secret); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.Stderr, "%s, clearance %s, %s. It is not shown again: keep it like a password.\n",
		key.Role, key.Clearance, expiry(key))
	return err
}

func (p *program) keyRotateCommand() *cobra.Command {
	var input struct {
		overlap time.Duration
		json    bool
	}
	rotate := &cobra.Command{
		Use:   "rotate KEY",
		Short: "Replace a key; the old one works for a while",
		Long: `Replace a key by a new one with the same name, role, clearance and limits. The old
key works during the overlap, and then expires.

KEY is its id, its name, its first characters as "key list" shows them, or the
key itself.`,
		Args: exactly("KEY"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				key, _, secret, err := b.keys.Rotate(domain.AsSystem(ctx, "key rotate"), access.RotateParams{Key: args[0], Overlap: &input.overlap})
				if err != nil {
					return asUsage(err)
				}
				return p.printSecret(key, secret, input.json)
			})
		}),
	}
	rotate.Flags().DurationVar(&input.overlap, "overlap", access.DefaultOverlap, "`time` for which the old key still works; 0 ends it at once")
	rotate.Flags().BoolVar(&input.json, "json", false, "print JSON")
	return rotate
}

func (p *program) keyListCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List all keys, the newest first",
		Args:  exactly(),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, _ []string) error {
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				keys, err := b.keys.List(domain.AsSystem(ctx, "key list"))
				if err != nil {
					return err
				}
				views := make([]keyView, len(keys))
				for i, key := range keys {
					views[i] = viewOf(key, p.now())
				}
				if asJSON {
					return p.printJSON(views)
				}
				return p.printKeys(views)
			})
		}),
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return list
}

func (p *program) keyRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KEY",
		Short: "Revoke a key, from the next request on",
		Long: `Revoke a key, from the next request on, and the keys that it has made in its own place.

KEY is its id, its name, its first characters as "key list" shows them, or, when
it has leaked, the key itself.`,
		Args: exactly("KEY"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			if err := p.config.mustExist(); err != nil {
				return err
			}
			return p.with(ctx, log, func(b *backend) error {
				key, err := b.keys.Revoke(domain.AsSystem(ctx, "key revoke"), args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "%s (%s) is revoked.\n", key.ID, key.Name)
				return err
			})
		}),
	}
}

// keyView is a key in the JSON output.
type keyView struct {
	ID         domain.ID  `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Clearance  string     `json:"clearance"`
	Hint       string     `json:"hint"`
	State      string     `json:"state"`
	Scopes     []string   `json:"scopes"`
	Grants     []string   `json:"grants"`
	Origins    []string   `json:"origins"`
	Networks   []string   `json:"networks"`
	RateLimit  *int       `json:"rateLimit"`
	Replaces   *domain.ID `json:"replaces"`
	Line       domain.ID  `json:"line"`
	CreatedBy  string     `json:"createdBy"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	ExpiresAt  *time.Time `json:"expiresAt"`
	RevokedAt  *time.Time `json:"revokedAt"`
}

func viewOf(key access.Key, now time.Time) keyView {
	view := keyView{
		ID: key.ID, Name: key.Name, Role: key.Role.String(), Clearance: key.Clearance.String(),
		Hint: key.Hint, State: key.State(now), Scopes: texts(key.Scopes), Grants: texts(key.Grants), Origins: key.Origins, Networks: texts(key.Networks),
		Replaces: key.Replaces, Line: key.Line, CreatedBy: key.CreatedBy, CreatedAt: key.CreatedAt,
		LastUsedAt: key.LastUsedAt, ExpiresAt: key.ExpiresAt, RevokedAt: key.RevokedAt,
	}
	if key.RateLimit != 0 {
		view.RateLimit = &key.RateLimit
	}
	return view
}

// texts returns the elements of a list as texts; nil for nil, which differs from
// an empty list.
func texts[T fmt.Stringer](list []T) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

func (p *program) printKeys(keys []keyView) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	row(table, "ID", "NAME", "ROLE", "CLEARANCE", "KEY", "STATE", "LIMITED TO", "GRANTED", "CREATED", "LAST USED", "EXPIRES")
	for _, k := range keys {
		row(table, k.ID.String(), k.Name, k.Role, k.Clearance, k.Hint+"…", k.State, k.limits(), cmp.Or(strings.Join(k.Grants, ","), "-"),
			k.CreatedAt.UTC().Format(time.DateOnly), day(k.LastUsedAt), day(k.ExpiresAt))
	}
	return table.Flush()
}

// limits returns the kinds of limits that a key has.
func (k keyView) limits() string {
	var kinds []string
	for _, kind := range []struct {
		name string
		set  bool
	}{{"scopes", k.Scopes != nil}, {"networks", k.Networks != nil}, {"origins", k.Origins != nil}, {"rate", k.RateLimit != nil}} {
		if kind.set {
			kinds = append(kinds, kind.name)
		}
	}
	if kinds == nil {
		return "-"
	}
	return strings.Join(kinds, ",")
}

func day(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.DateOnly)
}

func expiry(key access.Key) string {
	if key.ExpiresAt == nil {
		return "does not expire"
	}
	return "until " + key.ExpiresAt.UTC().Format(time.RFC3339)
}

func (p *program) printJSON(v any) error {
	encoder := json.NewEncoder(p.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

var days = regexp.MustCompile(`^(\d{1,5})d$`)

// parseExpiry parses "90d", "12h" or a time in RFC 3339.
func parseExpiry(s string, now time.Time) (time.Time, error) {
	if m := days.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1]) // at most five digits
		return now.AddDate(0, 0, n), nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d), nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("want 90d, 12h or 2027-01-31T00:00:00Z, not %q", s)
}
