package idempotency

// SetBounds sets how many keys, and how many bytes of responses, a credential may have.
func (k *Keys) SetBounds(keys int, bodies int64) { k.maxKeys, k.maxBodies = keys, bodies }
