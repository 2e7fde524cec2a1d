package check

import "slices"

// A Joined is an array among the inputs that a join or join_iter takes as it is: its rows have to ascend by their keys.
type Joined struct {
	Param int   // of the entry function
	Path  []int // components that lead from the parameter to the array
	Array *Array
	Key   Type // of an element: its first component, or itself
	Keyed bool // whether the key is the first component
}

// Joined finds the inputs of joins: parameters of the entry function and their components, followed through calls and through
// variables that are never assigned.
func (in *Instance) Joined() []Joined {
	f := &flow{origins: map[*Var][]origin{}, assigned: map[*Var]bool{}, done: map[*Func]bool{}}
	if in.Entry.EachElement {
		return nil // no party has the whole array
	}
	f.scan(in.Entry)
	for i, p := range in.Entry.Params {
		f.add(p, []origin{{param: i}})
	}
	for _, g := range slices.Backward(f.order) { // callers before callees
		Walk(g.Body, f.visit)
	}
	return f.joins(in)
}

// An origin is a part of the inputs.
type origin struct {
	param int
	path  []int
}

// flow knows which parts of the inputs a variable can hold.
type flow struct {
	origins  map[*Var][]origin
	assigned map[*Var]bool
	done     map[*Func]bool
	order    []*Func // callees before callers
}

// scan finds the reachable functions and the variables that are assigned.
func (f *flow) scan(g *Func) {
	if f.done[g] {
		return
	}
	f.done[g] = true
	Walk(g.Body, func(x Expr) bool {
		switch x := x.(type) {
		case *Call:
			f.scan(x.Func)
		case *Block:
			for _, s := range x.Stmts {
				if a, ok := s.(*Assign); ok {
					f.assigned[a.Var] = true
				}
			}
		}
		return true
	})
	f.order = append(f.order, g)
}

func (f *flow) add(v *Var, origins []origin) {
	for _, o := range origins {
		same := func(p origin) bool { return p.param == o.param && slices.Equal(p.path, o.path) }
		if !f.assigned[v] && !slices.ContainsFunc(f.origins[v], same) {
			f.origins[v] = append(f.origins[v], o)
		}
	}
}

// of gives the parts of the inputs that an expression can be.
func (f *flow) of(x Expr) []origin {
	switch x := x.(type) {
	case *VarRef:
		return f.origins[x.Var]
	case *Select:
		return f.component(f.of(x.X), x.N)
	}
	return nil
}

func (f *flow) component(origins []origin, n int) []origin {
	parts := make([]origin, len(origins))
	for i, o := range origins {
		parts[i] = origin{o.param, append(slices.Clone(o.path), n)}
	}
	return parts
}

// visit carries origins from arguments to parameters and from values to patterns.
func (f *flow) visit(x Expr) bool {
	switch x := x.(type) {
	case *Call:
		for i, a := range x.Args {
			f.add(x.Func.Params[i], f.of(a))
		}
	case *Block:
		for _, s := range x.Stmts {
			if l, ok := s.(*Let); ok {
				f.bind(l.Pattern, f.of(l.Value))
			}
		}
	}
	return true
}

func (f *flow) bind(p Pattern, origins []origin) {
	switch p := p.(type) {
	case *Bind:
		f.add(p.Var, origins)
	case *ProductPattern:
		for i, e := range p.Elems {
			f.bind(e, f.component(origins, i))
		}
	}
}

// joins lists the parts that are joined, each once, in order.
func (f *flow) joins(in *Instance) []Joined {
	var list []Joined
	take := func(x Expr, keyed bool) {
		a := x.Type().(*Array)
		j := Joined{Array: a, Key: a.Elem, Keyed: keyed}
		if keyed {
			j.Key = key(a.Elem)
		}
		for _, o := range f.of(x) {
			j.Param, j.Path = o.param, o.path
			same := func(k Joined) bool { return k.Param == j.Param && slices.Equal(k.Path, j.Path) }
			if !slices.ContainsFunc(list, same) {
				list = append(list, j)
			}
		}
	}
	for _, g := range f.order {
		Walk(g.Body, func(x Expr) bool {
			switch x := x.(type) {
			case *Join:
				take(x.A, x.Keyed)
				take(x.B, x.Keyed)
			case *Block:
				for _, s := range x.Stmts {
					if j, ok := s.(*JoinLoop); ok {
						take(j.A, true)
						take(j.B, true)
					}
				}
			}
			return true
		})
	}
	slices.SortFunc(list, func(a, b Joined) int {
		if a.Param != b.Param {
			return a.Param - b.Param
		}
		return slices.Compare(a.Path, b.Path)
	})
	return list
}
