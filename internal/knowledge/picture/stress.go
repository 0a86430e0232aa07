package picture

import (
	"context"
	"math"
)

// Bounds of the layout's work.
const (
	powerSteps  = 60  // of the power iteration, for each axis
	stressSteps = 120 // of majorisation
)

// stressLayout returns places for the nodes of a connected graph, in which their
// distances are about those along its edges. It starts from classical scaling and then
// lowers the stress by majorisation, one node after the other: E. Gansner, Y. Koren
// and S. North, "Graph Drawing by Stress Majorization", Graph Drawing 2004, LNCS 3383.
// length has the desired length of the edge between two nodes, and 0 where there is none.
func stressLayout(ctx context.Context, length [][]float64) ([]point, error) {
	n := len(length)
	distance := shortestPaths(length)
	weight := make([][]float64, n)
	for i := range weight {
		weight[i] = make([]float64, n)
		for j, d := range distance[i] {
			if i != j {
				weight[i][j] = 1 / float64(d*d)
			}
		}
	}
	at := classicalScaling(distance)
	for range stressSteps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		moved := 0.0
		for i := range n {
			x, y, total := 0.0, 0.0, 0.0
			for j, d := range distance[i] {
				if i == j {
					continue
				}
				dx, dy := at[i].x-at[j].x, at[i].y-at[j].y
				scale := 0.0
				if length := math.Sqrt(float64(dx*dx) + float64(dy*dy)); length > 1e-9 {
					scale = d / length
				}
				w := weight[i][j]
				x += float64(w * (at[j].x + float64(dx*scale)))
				y += float64(w * (at[j].y + float64(dy*scale)))
				total += w
			}
			if total > 0 {
				to := point{x / total, y / total}
				moved += to.minus(at[i]).length()
				at[i] = to
			}
		}
		if moved < 0.1*float64(n) {
			break
		}
	}
	return at, nil
}

// shortestPaths returns the distances of all pairs of nodes along edges.
func shortestPaths(length [][]float64) [][]float64 {
	n := len(length)
	d := make([][]float64, n)
	for i := range d {
		d[i] = make([]float64, n)
		for j := range d[i] {
			switch {
			case i == j:
			case length[i][j] > 0:
				d[i][j] = length[i][j]
			default:
				d[i][j] = math.Inf(1)
			}
		}
	}
	for k := range n {
		for i := range n {
			through := d[i][k]
			if math.IsInf(through, 1) {
				continue
			}
			for j := range n {
				d[i][j] = min(d[i][j], through+d[k][j])
			}
		}
	}
	return d
}

// classicalScaling returns the places whose distances are nearest to the given ones in
// the sense of Torgerson: the two first principal axes of the centred matrix of squared
// distances, by power iteration.
func classicalScaling(distance [][]float64) []point {
	n := len(distance)
	b := make([][]float64, n)
	mean := make([]float64, n)
	all := 0.0
	for i := range n {
		b[i] = make([]float64, n)
		for j := range n {
			b[i][j] = float64(distance[i][j]*distance[i][j]) / -2
			mean[i] += b[i][j] / float64(n)
		}
		all += mean[i] / float64(n)
	}
	for i := range n {
		for j := range n {
			b[i][j] += all - mean[i] - mean[j]
		}
	}
	r := random(1)
	x, _ := principal(b, nil, &r)
	y, _ := principal(b, x, &r)
	at := make([]point, n)
	for i := range n {
		// The noise parts nodes that have the same place.
		at[i] = point{x[i] + r.next(), y[i] + r.next()}
	}
	return at
}

// principal returns the eigenvector of the symmetric matrix b with the greatest
// eigenvalue, scaled by its root, among the vectors that are orthogonal to other.
func principal(b [][]float64, other []float64, r *random) ([]float64, float64) {
	n := len(b)
	v, w := make([]float64, n), make([]float64, n)
	for i := range v {
		v[i] = r.next()
	}
	value := 0.0
	for range powerSteps {
		if norm := dot(other, other); norm > 0 {
			part := dot(v, other) / norm
			for i := range v {
				v[i] -= float64(part * other[i])
			}
		}
		norm := math.Sqrt(dot(v, v))
		if norm < 1e-9 {
			break
		}
		for i := range v {
			v[i] /= norm
		}
		for i := range w {
			w[i] = dot(b[i], v)
		}
		value = dot(v, w)
		v, w = w, v
	}
	norm := math.Sqrt(dot(v, v))
	if norm < 1e-9 || value <= 0 {
		return make([]float64, n), 0
	}
	for i := range v {
		v[i] *= math.Sqrt(value) / norm
	}
	return v, value
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// random is a generator of numbers that are always the same.
type random uint64

// next returns a number from -0.5 to 0.5.
func (r *random) next() float64 {
	*r = *r*6364136223846793005 + 1442695040888963407
	return float64(*r>>40)/float64(1<<24) - 0.5
}
