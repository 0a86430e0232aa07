package app

import "github.com/spf13/cobra"

// The groups of commands in --help.
const (
	groupServe   = "serve"
	groupContent = "content"
	groupOperate = "operate"
)

func (p *program) rootCommand() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "redthread",
		Short: "A headless content API for research publishers",
		Long: `Redthread is a headless content API for research publishers. People write
reports, narratives, entities and tags on the desk; publishing makes them live;
sites and partners read live over GraphQL.

By default both stores are SQLite files in a folder. With --desk-dsn they are in
PostgreSQL.

Most flags can also be set by environment variables, which are named in brackets
after each flag, and in a file (--config). A flag overrides its variable, and that
overrides the file. GOGC and GOMEMLIMIT are respected.`,
		Example: `  # try it, with demo content and a staff key
  redthread serve --demo

  # run it on PostgreSQL
  REDTHREAD_DESK_DSN=postgres://redthread@db/redthread redthread serve --addr :8080

  # a key for a member of staff
  redthread key create --name "Ada's desk" --role EDITOR`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	},
		p.serveCommand(),
		p.migrateCommand(),
		p.importCommand(),
		p.keyCommand(),
		p.personCommand(), p.subscribersCommand(),
		p.documentsCommand(),
		p.auditCommand(),
		p.mailCommand(),
		p.rebuildCommand(),
		p.reindexCommand(),
		p.matchCommand(),
		p.compactCommand(),
		p.doctorCommand(),
		p.resumeCommand(),
		p.backupCommand(), p.restoreCommand(), p.dumpCommand(), p.loadCommand(),
		p.configCommand(),
		p.versionCommand(),
	)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: groupServe, Title: "Serving:"},
		&cobra.Group{ID: groupContent, Title: "Content:"},
		&cobra.Group{ID: groupOperate, Title: "Operating:"},
	)
	root.SetHelpCommandGroupID(groupOperate)
	root.SetCompletionCommandGroupID(groupOperate)
	return root
}
