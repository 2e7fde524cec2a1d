package check

// Walk calls visit for x and then, if it returns true, for all expressions below x in evaluation order, those in statements
// included. It does not enter called functions.
func Walk(x Expr, visit func(Expr) bool) {
	if x == nil || !visit(x) {
		return
	}
	each := func(xs ...Expr) {
		for _, x := range xs {
			Walk(x, visit)
		}
	}
	switch x := x.(type) {
	case *Convert:
		each(x.X)
	case *Composite:
		each(x.Elems...)
	case *Repeat:
		each(x.Elem)
	case *VariantLit:
		each(x.Fields...)
	case *Select:
		each(x.X)
	case *Index:
		each(x.X, x.Index)
	case *Unary:
		each(x.X)
	case *Binary:
		each(x.X, x.Y)
	case *If:
		each(x.Cond, x.Then, x.Else)
	case *Match:
		each(x.X)
		for _, a := range x.Arms {
			each(a.Body)
		}
	case *Block:
		for _, s := range x.Stmts {
			walkStmt(s, visit)
		}
		each(x.Result)
	case *Call:
		each(x.Args...)
	case *Join:
		each(x.A, x.B)
	}
}

func walkStmt(s Stmt, visit func(Expr) bool) {
	switch s := s.(type) {
	case *Let:
		Walk(s.Value, visit)
	case *ExprStmt:
		Walk(s.X, visit)
	case *Assign:
		for _, st := range s.Path {
			Walk(st.Index, visit)
		}
		Walk(s.Value, visit)
	case *For:
		Walk(s.Array, visit)
		Walk(s.Body, visit)
	case *JoinLoop:
		Walk(s.A, visit)
		Walk(s.B, visit)
		Walk(s.Body, visit)
	}
}
