// Command codegen writes all generated code of the project: package db from
// ent/schema, the migrations of both stores for both engines, and the GraphQL
// executor from schema.graphql.
//
// Run it from the root: go tool codegen. Arguments name single steps: ent, migrations,
// graphql.
package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	steps := map[string]func() error{
		"ent":        generateEnt,
		"migrations": generateMigrations,
		"graphql":    generateGraphQL,
	}
	order := []string{"ent", "migrations", "graphql"}
	if len(os.Args) > 1 {
		order = os.Args[1:]
	}
	for _, name := range order {
		step, ok := steps[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "codegen: unknown step %q\n", name)
			os.Exit(2)
		}
		if err := step(); err != nil {
			fmt.Fprintf(os.Stderr, "codegen: %v\n", err)
			os.Exit(1)
		}
	}
}

// generateMigrations runs internal/codegen/migrations, which must be built with the
// new package db.
func generateMigrations() error {
	cmd := exec.Command("go", "run", "./internal/codegen/migrations")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
