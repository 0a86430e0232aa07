package app

import (
	"context"
	"log/slog"
	"reflect"
	"slices"

	"github.com/spf13/pflag"
)

// reloadable are the settings that SIGHUP changes in a running server; the others need a restart. Files of
// certificates are read again as well.
var reloadable = []string{"cors-origin", "log-level", "rate-limit-partner", "rate-limit-public", "rate-limit-staff"}

// again reads the configuration again: the flags as they were given to serve, the environment, and the file of settings
// and those of secrets as they are now.
func (c *Config) again(given *pflag.FlagSet, getenv func(string) string) (Config, error) {
	var next Config
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	next.commonFlags(flags)
	next.serveFlags(flags)
	var err error
	given.Visit(func(f *pflag.Flag) {
		flag := flags.Lookup(f.Name)
		if flag == nil || err != nil {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			err = flag.Value.(pflag.SliceValue).Replace(list.GetSlice())
			flag.Changed = true
			return
		}
		err = flags.Set(f.Name, f.Value.String())
	})
	if err != nil {
		return Config{}, err
	}
	return next, next.resolve(flags, getenv)
}

// differences returns the names of the settings that differ, in the order of --help.
func (c *Config) differences(other Config) []string {
	var names []string
	for i, s := range c.inForce {
		if !reflect.DeepEqual(s.Value, other.inForce[i].Value) || s.secret != other.inForce[i].secret {
			names = append(names, s.Name)
		}
	}
	return names
}

// reload reads the settings again and puts those in force that a running server can change. started are those with
// which it was started.
func (p *program) reload(ctx context.Context, log *slog.Logger, a *App, started Config) {
	next, err := p.config.again(p.flags, p.Getenv)
	if err != nil {
		log.ErrorContext(ctx, "the settings were not reloaded: those before stay in force", "error", err)
		return
	}
	var changed, restart []string
	for _, name := range started.differences(next) {
		if !slices.Contains(reloadable, name) {
			restart = append(restart, name)
		}
	}
	for _, name := range p.config.differences(next) {
		if slices.Contains(reloadable, name) {
			changed = append(changed, name)
		}
	}
	a.Reload(ctx, next)
	p.config = next
	// What is said here is seen if the level before or the new one lets it through.
	level := next.level(slog.LevelInfo)
	p.level.Set(min(level, p.level.Level()))
	defer p.level.Set(level)
	log.InfoContext(ctx, "the settings were reloaded", "changed", changed)
	if len(restart) > 0 {
		log.WarnContext(ctx, "some settings that have changed need a restart", "settings", restart)
	}
}
