package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r queryResolver) People(ctx context.Context, first *int, after *string, last *int, before *string) (*model.PersonConnection, error) {
	ctx, err := withRight(ctx, domain.ManageAccess)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.People, args(first, after, last, before, nil, newestFirst("LAST_SEEN_AT")))
}

func (r personResolver) Role(_ context.Context, obj *db.Person) (string, error) {
	role, _ := r.people.Effective(obj)
	return role.String(), nil
}

func (r personResolver) Clearance(_ context.Context, obj *db.Person) (domain.Marking, error) {
	_, clearance := r.people.Effective(obj)
	return clearance, nil
}

func (r mutationResolver) UpdatePerson(ctx context.Context, in input) (*model.PersonPayload, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return nil, err // before an error describes the input
	}
	var p domain.Problems
	params := access.UpdatePersonParams{}
	text, _ := in["id"].(string)
	id, err := domain.ParseID(text)
	if err != nil || id.Type() != domain.Person {
		p.Add("id", "%q is not the id of a person", text)
	}
	params.ID = id
	if v, given := in["role"]; given {
		name, _ := v.(string)
		if role, ok := domain.ParseRole(name); ok {
			params.Role = &role
		} else {
			params.ClearRole = true
		}
	}
	if v, given := in["clearance"]; given {
		name, _ := v.(string)
		if clearance, ok := domain.ParseMarking(name); ok {
			params.Clearance = &clearance
		} else {
			params.ClearClearance = true
		}
	}
	if disabled, ok := in["disabled"].(bool); ok {
		params.Disabled = &disabled
	}
	if err := p.Err("the person was not changed"); err != nil {
		return nil, err
	}
	person, err := r.people.Update(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := one(ctx, r.Resolver, catalog.People, person.ID)
	return orNil(model.PersonPayload{Person: row}, err)
}
