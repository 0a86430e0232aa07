package main

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// home is where the project is.
const home = "https://github.com/redthread-api/redthread"

// component is a module that is part of a program.
type component struct {
	module, version string
	sum             string // of its sources, as in go.sum; empty: unknown
	licence         string // an SPDX expression; empty: unknown
}

// parts is a program and what it is made of.
type parts struct {
	name    string // of the archive, without its ending
	version version
	sum     string // SHA-256 of the program in hexadecimal digits
	file    string
	program component
	of      []component
	target  platform
}

// componentsOf returns what a program is made of: the modules that the linker has put into it, and Go's standard library.
func componentsOf(v version, p program, body []byte, licences []licence) parts {
	known := map[string]string{}
	for _, l := range licences {
		known[l.module] = l.spdx
	}
	all := parts{
		name: v.archive(p.platform), version: v, sum: hexSum(body), file: p.name(), target: p.platform,
		program: component{module: p.info.Main.Path, version: v.tag, licence: "Apache-2.0"},
		of:      []component{{module: "stdlib", version: strings.TrimPrefix(strings.Fields(v.gotool)[0], "go"), licence: known["std"]}},
	}
	for _, d := range p.info.Deps {
		used := d
		if d.Replace != nil {
			used = d.Replace
		}
		all.of = append(all.of, component{used.Path, used.Version, used.Sum, known[d.Path]})
	}
	return all
}

// purl returns the package URL of a component.
func (c component) purl() string {
	var segments []string
	for segment := range strings.SplitSeq(strings.ToLower(c.module), "/") {
		segments = append(segments, url.PathEscape(segment))
	}
	return "pkg:golang/" + strings.Join(segments, "/") + "@" + url.QueryEscape(c.version)
}

func (p parts) purl() string {
	return p.program.purl() + "?goarch=" + p.target.arch + "&goos=" + p.target.os
}

// uuid returns a UUID that follows from the program, so that the same program has the same one.
func (p parts) uuid() string {
	raw, _ := hex.DecodeString(p.sum) // it was encoded so
	raw = raw[:16]
	raw[6], raw[8] = raw[6]&0x0f|0x80, raw[8]&0x3f|0x80 // version 8: of our own making
	s := hex.EncodeToString(raw)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func indent(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

type object = map[string]any

// cycloneDX returns the list as CycloneDX 1.6.
func (p parts) cycloneDX() ([]byte, error) {
	describe := func(c component, kind, purl string) object {
		o := object{"bom-ref": purl, "type": kind, "name": c.module, "version": c.version, "purl": purl}
		if c.licence != "" {
			o["licenses"] = []object{{"expression": c.licence}}
		}
		if c.sum != "" {
			o["properties"] = []object{{"name": "go.sum", "value": c.sum}}
		}
		return o
	}
	var components, dependencies []object
	var refs []string
	for _, c := range p.of {
		components = append(components, describe(c, "library", c.purl()))
		refs = append(refs, c.purl())
		dependencies = append(dependencies, object{"ref": c.purl()})
	}
	program := describe(p.program, "application", p.purl())
	program["hashes"] = []object{{"alg": "SHA-256", "content": p.sum}}
	program["externalReferences"] = []object{{"type": "vcs", "url": home, "comment": "commit " + p.version.commit}}
	return indent(object{
		"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
		"serialNumber": "urn:uuid:" + p.uuid(), "version": 1,
		"metadata": object{
			"timestamp": p.version.at.Format(time.RFC3339), "component": program,
			"lifecycles": []object{{"phase": "build"}},
			"tools":      object{"components": []object{{"type": "application", "name": "redthread release", "version": p.version.number}}},
		},
		"components":   components,
		"dependencies": append([]object{{"ref": p.purl(), "dependsOn": refs}}, dependencies...),
	})
}

// notSPDX matches what may not be in an identifier of SPDX.
var notSPDX = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// spdx returns the list as SPDX 2.3.
func (p parts) spdx() ([]byte, error) {
	const unknown = "NOASSERTION"
	describe := func(c component, id, purl string) object {
		o := object{
			"SPDXID": id, "name": c.module, "versionInfo": c.version, "downloadLocation": unknown, "filesAnalyzed": false,
			"licenseConcluded": unknown, "licenseDeclared": unknown, "copyrightText": unknown,
			"externalRefs": []object{{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}},
		}
		if c.licence != "" {
			o["licenseDeclared"] = c.licence
		}
		if c.sum != "" {
			o["comment"] = "in go.sum: " + c.sum
		}
		return o
	}
	const id = "SPDXRef-redthread"
	program := describe(p.program, id, p.purl())
	program["primaryPackagePurpose"] = "APPLICATION"
	program["packageFileName"] = p.file
	program["checksums"] = []object{{"algorithm": "SHA256", "checksumValue": p.sum}}
	program["downloadLocation"] = "git+" + home + "@" + p.version.commit
	packages := []object{program}
	relations := []object{{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": id}}
	for _, c := range p.of {
		ref := "SPDXRef-" + notSPDX.ReplaceAllString(c.module+"-"+c.version, "-")
		packages = append(packages, describe(c, ref, c.purl()))
		relations = append(relations, object{"spdxElementId": id, "relationshipType": "DEPENDS_ON", "relatedSpdxElement": ref})
	}
	return indent(object{
		"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": p.name,
		"documentNamespace": home + "/spdx/" + p.name + "-" + p.sum,
		"creationInfo":      object{"created": p.version.at.Format("2006-01-02T15:04:05Z"), "creators": []string{"Tool: redthread-release-" + p.version.number, "Organization: Redthread"}},
		"packages":          packages, "relationships": relations,
	})
}
