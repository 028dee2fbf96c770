(** * Symgrad: the library under every exported derivation.

    It needs the standard library of Coq alone.  One judgement,

      [dual f x v d]  :=  f x = v  /\  f has derivative d at x

    (value and derivative, a dual number), and one lemma for each rule of
    differentiation.  The value is carried along so that no derivative ever
    mentions the moved coordinate: every rule hands on the value already
    written with the parameter itself.  [is_derive] is the epsilon-delta
    derivative of the standard library. *)

From Coq Require Import Reals Lra Lia Arith List.
Open Scope R_scope.

(** ** 1. Finite sums: [sumR n f = f 0 + ... + f (n-1)] (Python's range). *)

Fixpoint sumR (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S k => sumR k f + f k end.

Lemma sumR_ext n f g :
  (forall i, (i < n)%nat -> f i = g i) -> sumR n f = sumR n g.
Proof.
  induction n as [|n IH]; intros E; [reflexivity|]; simpl.
  rewrite IH, (E n) by auto with arith; reflexivity.
Qed.

Lemma sumR_zero n f : (forall i, (i < n)%nat -> f i = 0) -> sumR n f = 0.
Proof.
  induction n as [|n IH]; intros E; [reflexivity|]; simpl.
  rewrite IH, (E n) by auto with arith; ring.
Qed.

Lemma sumR_plus n f g : sumR n (fun i => f i + g i) = sumR n f + sumR n g.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sumR_minus n f g : sumR n (fun i => f i - g i) = sumR n f - sumR n g.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sumR_scal_l n c f : sumR n (fun i => c * f i) = c * sumR n f.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sumR_scal_r n c f : sumR n (fun i => f i * c) = sumR n f * c.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sumR_const n c : sumR n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; ring|]. simpl sumR. rewrite IH, S_INR. ring. Qed.

Lemma sumR_swap n m f :
  sumR n (fun i => sumR m (fun j => f i j)) = sumR m (fun j => sumR n (fun i => f i j)).
Proof.
  induction n as [|n IH]; simpl.
  - symmetry; apply sumR_zero; reflexivity.
  - rewrite IH, <- sumR_plus; reflexivity.
Qed.

Lemma sumR_pos n f :
  (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < sumR n f.
Proof.
  induction n as [|[|n] IH]; intros Hn Hf; [lia| |].
  - simpl; rewrite Rplus_0_l; apply Hf; lia.
  - change (0 < sumR (S n) f + f (S n)).
    apply Rplus_lt_0_compat; [apply IH; [lia|intros; apply Hf; lia]|apply Hf; lia].
Qed.

Lemma sumR_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sumR n f.
Proof.
  induction n as [|n IH]; intros Hf; simpl; [lra|].
  apply Rplus_le_le_0_compat; [apply IH; intros; apply Hf; lia|apply Hf; lia].
Qed.

Lemma pow_even_nonneg a k : 0 <= a ^ (2 * k).
Proof. rewrite pow_mult; apply pow_le, pow2_ge_0. Qed.
Lemma Rplus_le_lt_0_compat a b : 0 <= a -> 0 < b -> 0 < a + b.
Proof. lra. Qed.
Lemma Rplus_lt_le_0_compat a b : 0 < a -> 0 <= b -> 0 < a + b.
Proof. lra. Qed.

(** ** 2. Kronecker delta, and one coordinate of a parameter set to [t]. *)

Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.

Definition upd1 (w : nat -> R) (p : nat) (t : R) : nat -> R :=
  fun i => if Nat.eqb p i then t else w i.
Definition upd2 (W : nat -> nat -> R) (p q : nat) (t : R) : nat -> nat -> R :=
  fun i j => if andb (Nat.eqb q j) (Nat.eqb p i) then t else W i j.

Definition upd3 (W : nat -> nat -> nat -> R) (p q r : nat) (t : R) : nat -> nat -> nat -> R :=
  fun i j k => if andb (Nat.eqb r k) (andb (Nat.eqb q j) (Nat.eqb p i)) then t else W i j k.
Definition upd4 (W : nat -> nat -> nat -> nat -> R) (p q r s : nat) (t : R) : nat -> nat -> nat -> nat -> R :=
  fun i j k l =>
    if andb (Nat.eqb s l) (andb (Nat.eqb r k) (andb (Nat.eqb q j) (Nat.eqb p i))) then t else W i j k l.

Lemma delta_same i : delta i i = 1.
Proof. unfold delta; rewrite Nat.eqb_refl; reflexivity. Qed.

Lemma delta_diff i j : i <> j -> delta i j = 0.
Proof. unfold delta; destruct (Nat.eqb_spec i j); [contradiction|reflexivity]. Qed.

Lemma delta_sym i j : delta i j = delta j i.
Proof. unfold delta; rewrite Nat.eqb_sym; reflexivity. Qed.

Lemma delta_subst i j (f : nat -> R) : delta i j * f j = delta i j * f i.
Proof. unfold delta; destruct (Nat.eqb_spec i j); subst; ring. Qed.

(** Kronecker collapse. *)
Lemma sumR_delta n q f : (q < n)%nat -> sumR n (fun j => delta q j * f j) = f q.
Proof.
  induction n as [|n IH]; intros Hq; [lia|]; simpl.
  destruct (Nat.eq_dec q n) as [->|Hne].
  - rewrite delta_same, (sumR_zero n); [ring|].
    intros i Hi; rewrite delta_diff by lia; ring.
  - rewrite IH, delta_diff by lia; ring.
Qed.

(** Same, for a body not yet written as [delta * f]. *)
Lemma sumR_collapse n q g f :
  (q < n)%nat -> (forall j, (j < n)%nat -> g j = delta q j * f j) -> sumR n g = f q.
Proof. intros Hq E; rewrite (sumR_ext _ _ _ E); apply sumR_delta; exact Hq. Qed.

(** ** 3. The judgement. *)

Definition is_derive (f : R -> R) (x d : R) : Prop := derivable_pt_lim f x d.

Definition dual (f : R -> R) (x v d : R) : Prop := f x = v /\ is_derive f x d.

Lemma dual_is_derive {f x v d} : dual f x v d -> is_derive f x d.
Proof. intros [_ H]; exact H. Qed.

Lemma dual_value {f x v d} : dual f x v d -> f x = v.
Proof. intros [H _]; exact H. Qed.

Lemma derive_eq {f : R -> R} {x d d' : R} : is_derive f x d -> d = d' -> is_derive f x d'.
Proof. intros H <-; exact H. Qed.

(** Change the stated derivative / value / function by an equality. *)
Lemma dual_eq {f x v d d'} : dual f x v d -> d = d' -> dual f x v d'.
Proof. intros H <-; exact H. Qed.

Lemma dual_eqv {f x v v' d d'} : dual f x v d -> v = v' -> d = d' -> dual f x v' d'.
Proof. intros H <- <-; exact H. Qed.

Lemma dual_ext {f g x v d} : dual f x v d -> (forall t, f t = g t) -> dual g x v d.
Proof.
  intros [Hv Hd] E; split; [rewrite <- E; exact Hv|].
  exact (derivable_pt_lim_ext f g x d E Hd).
Qed.

(** ** 4. Leaves. *)

Lemma dual_const {c x} : dual (fun _ => c) x c 0.
Proof. split; [reflexivity|]. exact (derivable_pt_lim_const c x). Qed.

Lemma dual_var {x} : dual (fun t => t) x x 1.
Proof. split; [reflexivity|]. exact (derivable_pt_lim_id x). Qed.

Lemma dual_upd1 {w p i} : dual (fun t => upd1 w p t i) (w p) (w i) (delta p i).
Proof.
  unfold upd1, delta; destruct (Nat.eqb_spec p i) as [<-|_];
  [exact dual_var|exact dual_const].
Qed.

Lemma dual_upd2 {W p q i j} :
  dual (fun t => upd2 W p q t i j) (W p q) (W i j) (delta p i * delta q j).
Proof.
  unfold upd2, delta.
  destruct (Nat.eqb_spec q j) as [<-|_]; destruct (Nat.eqb_spec p i) as [<-|_]; simpl;
  (eapply dual_eq; [first [exact dual_var | exact dual_const]|ring]).
Qed.

Lemma dual_upd3 {W p q r i j k} :
  dual (fun t => upd3 W p q r t i j k) (W p q r) (W i j k) (delta p i * delta q j * delta r k).
Proof.
  unfold upd3, delta.
  destruct (Nat.eqb_spec r k) as [<-|_]; destruct (Nat.eqb_spec q j) as [<-|_];
  destruct (Nat.eqb_spec p i) as [<-|_]; simpl;
  (eapply dual_eq; [first [exact dual_var | exact dual_const]|ring]).
Qed.

Lemma dual_upd4 {W p q r s i j k l} :
  dual (fun t => upd4 W p q r s t i j k l) (W p q r s) (W i j k l) (delta p i * delta q j * delta r k * delta s l).
Proof.
  unfold upd4, delta.
  destruct (Nat.eqb_spec s l) as [<-|_]; destruct (Nat.eqb_spec r k) as [<-|_];
  destruct (Nat.eqb_spec q j) as [<-|_]; destruct (Nat.eqb_spec p i) as [<-|_]; simpl;
  (eapply dual_eq; [first [exact dual_var | exact dual_const]|ring]).
Qed.

(** ** 5. Arithmetic. *)

Lemma dual_add {f g x u v a b} :
  dual f x u a -> dual g x v b -> dual (fun t => f t + g t) x (u + v) (a + b).
Proof.
  intros [<- Hf] [<- Hg]; split; [reflexivity|]. exact (derivable_pt_lim_plus f g x a b Hf Hg).
Qed.

Lemma dual_opp {f x u a} : dual f x u a -> dual (fun t => - f t) x (- u) (- a).
Proof. intros [<- Hf]; split; [reflexivity|]. exact (derivable_pt_lim_opp f x a Hf). Qed.

Lemma dual_sub {f g x u v a b} :
  dual f x u a -> dual g x v b -> dual (fun t => f t - g t) x (u - v) (a - b).
Proof.
  intros [<- Hf] [<- Hg]; split; [reflexivity|]. exact (derivable_pt_lim_minus f g x a b Hf Hg).
Qed.

Lemma dual_mul {f g x u v a b} :
  dual f x u a -> dual g x v b -> dual (fun t => f t * g t) x (u * v) (a * v + u * b).
Proof.
  intros [<- Hf] [<- Hg]; split; [reflexivity|].
  exact (derivable_pt_lim_mult f g x a b Hf Hg).
Qed.

(** constant factor, on either side *)
Lemma dual_scal {c g x v b} : dual g x v b -> dual (fun t => c * g t) x (c * v) (c * b).
Proof. intros H; eapply dual_eq; [exact (dual_mul dual_const H)|ring]. Qed.

Lemma dual_scal_r {c f x u a} : dual f x u a -> dual (fun t => f t * c) x (u * c) (a * c).
Proof. intros H; eapply dual_eq; [exact (dual_mul H dual_const)|ring]. Qed.

Lemma dual_comp {phi dphi f x u a} :
  is_derive phi u dphi -> dual f x u a -> dual (fun t => phi (f t)) x (phi u) (dphi * a).
Proof.
  intros Hp [<- Hf]; split; [reflexivity|].
  exact (derivable_pt_lim_comp f phi x a dphi Hf Hp).
Qed.

Lemma dual_pow {f x u a} n :
  dual f x u a -> dual (fun t => f t ^ n) x (u ^ n) (INR n * a * u ^ pred n).
Proof.
  intros H; refine (dual_eq (dual_comp (phi := fun t => t ^ n) (derivable_pt_lim_pow u n) H) _); ring.
Qed.

Lemma dual_sqr {f x u a} : dual f x u a -> dual (fun t => f t ^ 2) x (u ^ 2) (2 * u * a).
Proof. intros H; eapply dual_eq; [exact (dual_pow 2 H)|simpl; ring]. Qed.

Lemma dual_powS {f x u a n} :
  dual f x u a -> dual (fun t => f t ^ S n) x (u ^ S n) (IZR (Z.of_nat (S n)) * u ^ n * a).
Proof.
  intros H; refine (dual_eq (dual_pow (S n) H) _).
  rewrite <- INR_IZR_INZ; simpl pred; ring.
Qed.

Lemma dual_divc {c f x u a} : dual f x u a -> dual (fun t => f t / c) x (u / c) (/ c * a).
Proof. intros H; refine (dual_eq (dual_scal_r H) _); ring. Qed.

(** ** 7. Elementary functions; partial ones carry their side condition. *)

Lemma is_derive_inv u : u <> 0 -> is_derive Rinv u (- (/ u * / u)).
Proof.
  intros Hu.
  assert (H := derivable_pt_lim_div (fct_cte 1) id u 0 1
                 (derivable_pt_lim_const 1 u) (derivable_pt_lim_id u) Hu).
  refine (derive_eq (derivable_pt_lim_ext _ _ _ _ _ H) _).
  - intros z; unfold div_fct, fct_cte, id, Rdiv; ring.
  - unfold fct_cte, id, Rsqr; field; exact Hu.
Qed.

Lemma dual_inv {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => / f t) x (/ u) (- (/ u * / u) * a).
Proof. intros Hu; exact (dual_comp (is_derive_inv u Hu)). Qed.

Lemma dual_div {f g x u v a b} :
  v <> 0 -> dual f x u a -> dual g x v b ->
  dual (fun t => f t / g t) x (u / v) (/ v * a - u * (/ v * / v) * b).
Proof.
  intros Hv Hf Hg; eapply dual_eq; [exact (dual_mul Hf (dual_inv Hv Hg))|field; exact Hv].
Qed.

Lemma dual_exp {f x u a} : dual f x u a -> dual (fun t => exp (f t)) x (exp u) (exp u * a).
Proof. exact (dual_comp (derivable_pt_lim_exp u)). Qed.

Lemma dual_ln {f x u a} : 0 < u -> dual f x u a -> dual (fun t => ln (f t)) x (ln u) (/ u * a).
Proof. intros Hu; exact (dual_comp (derivable_pt_lim_ln u Hu)). Qed.

Lemma dual_sqrt {f x u a} :
  0 < u -> dual f x u a -> dual (fun t => sqrt (f t)) x (sqrt u) (1 / 2 * / sqrt u * a).
Proof.
  intros Hu Hf; refine (dual_eq (dual_comp (derivable_pt_lim_sqrt u Hu) Hf) _).
  field; exact (Rgt_not_eq _ _ (sqrt_lt_R0 u Hu)).
Qed.

Lemma dual_sin {f x u a} : dual f x u a -> dual (fun t => sin (f t)) x (sin u) (cos u * a).
Proof. exact (dual_comp (derivable_pt_lim_sin u)). Qed.

Lemma dual_cos {f x u a} : dual f x u a -> dual (fun t => cos (f t)) x (cos u) (- sin u * a).
Proof. exact (dual_comp (derivable_pt_lim_cos u)). Qed.

Lemma cosh_pos x : 0 < cosh x.
Proof. unfold cosh; generalize (exp_pos x) (exp_pos (- x)); lra. Qed.

Lemma is_derive_tanh u : is_derive tanh u (1 - tanh u ^ 2).
Proof.
  assert (Hs : is_derive sinh u (cosh u)) by exact (derivable_pt_lim_sinh u).
  assert (Hc : is_derive cosh u (sinh u)) by exact (derivable_pt_lim_cosh u).
  assert (Hp := cosh_pos u).
  assert (Hn : cosh u <> 0) by lra.
  assert (Ds : dual sinh u (sinh u) (cosh u)) by (split; [reflexivity|exact Hs]).
  assert (Dc : dual cosh u (cosh u) (sinh u)) by (split; [reflexivity|exact Hc]).
  apply (@dual_is_derive tanh u (tanh u)).
  eapply dual_eq; [exact (dual_div Hn Ds Dc)|unfold tanh; field; exact Hn].
Qed.

Lemma dual_tanh {f x u a} :
  dual f x u a -> dual (fun t => tanh (f t)) x (tanh u) ((1 - tanh u ^ 2) * a).
Proof. exact (dual_comp (is_derive_tanh u)). Qed.

Definition sigmoid (z : R) : R := / (1 + exp (- z)).
Definition softplus (z : R) : R := ln (1 + exp z).

Lemma one_plus_exp_pos z : 0 < 1 + exp z.
Proof. generalize (exp_pos z); lra. Qed.

Lemma sigmoid_pos z : 0 < sigmoid z.
Proof. exact (Rinv_0_lt_compat _ (one_plus_exp_pos (- z))). Qed.

Lemma softplus_pos z : 0 < softplus z.
Proof. unfold softplus; rewrite <- ln_1; apply ln_increasing; generalize (exp_pos z); lra. Qed.

Lemma sigmoid_exp z : sigmoid z = exp z / (1 + exp z).
Proof.
  unfold sigmoid; rewrite exp_Ropp.
  assert (H := exp_pos z); field; lra.
Qed.

Lemma is_derive_sigmoid u : is_derive sigmoid u (sigmoid u * (1 - sigmoid u)).
Proof.
  assert (Hn : 1 + exp (- u) <> 0) by (generalize (one_plus_exp_pos (- u)); lra).
  apply (@dual_is_derive sigmoid u (sigmoid u)).
  eapply dual_eq;
  [exact (dual_inv Hn (dual_add dual_const (dual_exp (dual_opp dual_var))))|].
  unfold sigmoid; field; exact Hn.
Qed.

Lemma dual_sigmoid {f x u a} :
  dual f x u a ->
  dual (fun t => sigmoid (f t)) x (sigmoid u) (sigmoid u * (1 - sigmoid u) * a).
Proof. exact (dual_comp (is_derive_sigmoid u)). Qed.

Lemma is_derive_softplus u : is_derive softplus u (sigmoid u).
Proof.
  apply (@dual_is_derive softplus u (softplus u)).
  eapply dual_eq;
  [exact (dual_ln (one_plus_exp_pos u) (dual_add dual_const (dual_exp dual_var)))|].
  rewrite sigmoid_exp; field; generalize (one_plus_exp_pos u); lra.
Qed.

Lemma dual_softplus {f x u a} :
  dual f x u a -> dual (fun t => softplus (f t)) x (softplus u) (sigmoid u * a).
Proof. exact (dual_comp (is_derive_softplus u)). Qed.

(** ** 8. Nonsmooth functions, away from the kink. *)

Definition step (z : R) : R := if Rlt_dec 0 z then 1 else 0.
Definition relu (z : R) : R := Rmax 0 z.

Lemma is_derive_loc (f g : R -> R) (u d lo hi : R) :
  lo < u < hi -> (forall t, lo < t < hi -> f t = g t) -> is_derive f u d -> is_derive g u d.
Proof. intros Hu E H; exact (derivable_pt_lim_locally_ext f g u lo hi d Hu E H). Qed.

Lemma is_derive_relu u : u <> 0 -> is_derive relu u (step u).
Proof.
  intros Hu; unfold step; destruct (Rlt_dec 0 u) as [H|H].
  - apply (is_derive_loc (fun t => t) relu u 1 0 (u + 1)); [lra| |exact (derivable_pt_lim_id u)].
    intros t Ht; unfold relu; rewrite Rmax_right; lra.
  - apply (is_derive_loc (fun _ => 0) relu u 0 (u - 1) 0); [lra| |exact (derivable_pt_lim_const 0 u)].
    intros t Ht; unfold relu; rewrite Rmax_left; lra.
Qed.

Lemma dual_relu {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => relu (f t)) x (relu u) (step u * a).
Proof. intros Hu; exact (dual_comp (is_derive_relu u Hu)). Qed.

Definition sign (z : R) : R := if Rlt_dec 0 z then 1 else if Rlt_dec z 0 then -1 else 0.

Lemma dual_abs {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => Rabs (f t)) x (Rabs u) (sign u * a).
Proof.
  intros Hu H; apply (@dual_ext (fun t => relu (f t) + relu (- f t))).
  - refine (dual_eqv (dual_add (dual_relu Hu H) (dual_relu _ (dual_opp H))) _ _); [lra| |].
    + unfold relu, Rmax, Rabs; destruct (Rle_dec 0 u); destruct (Rle_dec 0 (- u)); destruct (Rcase_abs u); lra.
    + unfold step, sign; destruct (Rlt_dec 0 u); destruct (Rlt_dec 0 (- u)); destruct (Rlt_dec u 0); lra.
  - intros t; generalize (f t); intros v.
    unfold relu, Rmax, Rabs; destruct (Rle_dec 0 v); destruct (Rle_dec 0 (- v)); destruct (Rcase_abs v); lra.
Qed.

Lemma dual_max {f g x u v a b} :
  u <> v -> dual f x u a -> dual g x v b ->
  dual (fun t => Rmax (f t) (g t)) x (Rmax u v) (step (u - v) * a + step (v - u) * b).
Proof.
  intros Huv Hf Hg.
  assert (E : forall r s, Rmax r s = s + relu (r - s)).
  { intros r s; unfold relu, Rmax.
    destruct (Rle_dec r s); destruct (Rle_dec 0 (r - s)); lra. }
  apply (@dual_ext (fun t => g t + relu (f t - g t))).
  - refine (dual_eqv (dual_add Hg (dual_relu _ (dual_sub Hf Hg))) _ _); [lra|symmetry; apply E|].
    unfold step; destruct (Rlt_dec 0 (u - v)); destruct (Rlt_dec 0 (v - u)); lra.
  - intros t; symmetry; apply E.
Qed.

(** ** 9. Finite sums. *)

Lemma dual_sum {n F x v d} :
  (forall i, (i < n)%nat -> dual (fun t => F i t) x (v i) (d i)) ->
  dual (fun t => sumR n (fun i => F i t)) x (sumR n v) (sumR n d).
Proof.
  induction n as [|n IH]; intros H; simpl; [exact dual_const|].
  apply dual_add; [apply IH; intros i Hi; apply H; lia|apply H; lia].
Qed.

(** Sum rule and Kronecker collapse in one step. *)
Lemma dual_sum_delta {n q F x v g} :
  (q < n)%nat ->
  (forall i, (i < n)%nat -> dual (fun t => F i t) x (v i) (delta q i * g i)) ->
  dual (fun t => sumR n (fun i => F i t)) x (sumR n v) (g q).
Proof. intros Hq H; exact (dual_eq (dual_sum H) (sumR_delta n q g Hq)). Qed.

(** General form: state the body's derivative [d i], then a closed form of its
    sum, built from the four steps below. *)
Lemma dual_sum_as {n F x v d T} :
  (forall i, (i < n)%nat -> dual (fun t => F i t) x (v i) (d i)) -> sumR n d = T ->
  dual (fun t => sumR n (fun i => F i t)) x (sumR n v) T.
Proof. intros H <-; exact (dual_sum H). Qed.

Lemma step_keep {n f} : sumR n f = sumR n f.
Proof. reflexivity. Qed.
Lemma step_plus {n f g A B} :
  sumR n f = A -> sumR n g = B -> sumR n (fun i => f i + g i) = A + B.
Proof. intros <- <-; apply sumR_plus. Qed.
Lemma step_scal {n c f} : sumR n (fun i => c * f i) = c * sumR n f.
Proof. apply sumR_scal_l. Qed.
Lemma step_delta {n q f} : (q < n)%nat -> sumR n (fun j => delta q j * f j) = f q.
Proof. apply sumR_delta. Qed.

Arguments dual_eq {f x v d d'} & _ _.
Arguments dual_eqv {f x v v' d d'} & _ _ _.
Arguments dual_add {f g x u v a b} & _ _.
Arguments dual_sub {f g x u v a b} & _ _.
Arguments dual_mul {f g x u v a b} & _ _.
Arguments dual_opp {f x u a} & _.
Arguments dual_scal {c g x v b} & _.
Arguments dual_scal_r {c f x u a} & _.
Arguments dual_pow {f x u a} n & _.
Arguments dual_powS {f x u a n} & _.
Arguments dual_divc {c f x u a} & _.
Arguments dual_sqr {f x u a} & _.
Arguments dual_inv {f x u a} & _ _.
Arguments dual_div {f g x u v a b} & _ _ _.
Arguments dual_exp {f x u a} & _.
Arguments dual_ln {f x u a} & _ _.
Arguments dual_sqrt {f x u a} & _ _.
Arguments dual_sin {f x u a} & _.
Arguments dual_cos {f x u a} & _.
Arguments dual_tanh {f x u a} & _.
Arguments dual_sigmoid {f x u a} & _.
Arguments dual_softplus {f x u a} & _.
Arguments dual_relu {f x u a} & _ _.
Arguments dual_abs {f x u a} & _ _.
Arguments dual_max {f g x u v a b} & _ _ _.
Arguments dual_sum {n F x v d} & _.
Arguments dual_sum_delta {n q F x v g} & _ _.
Arguments dual_sum_as {n F x v d T} & _ _.


(** ** 10. Further rules. *)

Lemma dual_invpow {f x u a} k :
  u <> 0 -> dual f x u a ->
  dual (fun t => / f t ^ S k) x (/ u ^ S k) (- IZR (Z.of_nat (S k)) * / u ^ S (S k) * a).
Proof.
  intros Hu Hf; refine (dual_eq (dual_inv (pow_nonzero _ (S k) Hu) (dual_powS (n := k) Hf)) _).
  assert (Hk := pow_nonzero u k Hu); cbn [pow]; field; auto.
Qed.

Lemma dual_divby {f g x u v a b} :
  v <> 0 -> dual f x u a -> dual g x v b ->
  dual (fun t => f t / g t) x (u / v) (a * / v + u * (- (/ v ^ 2) * b)).
Proof.
  intros Hv Hf Hg; refine (dual_eq (dual_div Hv Hf Hg) _); field; exact Hv.
Qed.

Lemma dual_inverse {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => / f t) x (/ u) (- (/ u ^ 2) * a).
Proof. intros Hu Hf; refine (dual_eq (dual_inv Hu Hf) _); field; exact Hu. Qed.

Lemma dual_rpower {f x u a} r :
  0 < u -> dual f x u a ->
  dual (fun t => Rpower (f t) r) x (Rpower u r) (r * Rpower u (r - 1) * a).
Proof.
  intros Hu Hf; refine (dual_eq (dual_comp (derivable_pt_lim_power u r Hu) Hf) _); reflexivity.
Qed.

Lemma is_derive_step u : u <> 0 -> is_derive step u 0.
Proof.
  intros Hu; destruct (Rtotal_order u 0) as [H|[H|H]]; [|contradiction|].
  - apply (is_derive_loc (fun _ => 0) step u 0 (u - 1) 0); [lra| |exact (derivable_pt_lim_const 0 u)].
    intros t Ht; unfold step; destruct (Rlt_dec 0 t); lra.
  - apply (is_derive_loc (fun _ => 1) step u 0 0 (u + 1)); [lra| |exact (derivable_pt_lim_const 1 u)].
    intros t Ht; unfold step; destruct (Rlt_dec 0 t); lra.
Qed.

Lemma dual_step {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => step (f t)) x (step u) (0 * a).
Proof. intros Hu; exact (dual_comp (is_derive_step u Hu)). Qed.

Lemma is_derive_sign u : u <> 0 -> is_derive sign u 0.
Proof.
  intros Hu; destruct (Rtotal_order u 0) as [H|[H|H]]; [|contradiction|].
  - apply (is_derive_loc (fun _ => -1) sign u 0 (u - 1) 0); [lra| |exact (derivable_pt_lim_const (-1) u)].
    intros t Ht; unfold sign; destruct (Rlt_dec 0 t); destruct (Rlt_dec t 0); lra.
  - apply (is_derive_loc (fun _ => 1) sign u 0 0 (u + 1)); [lra| |exact (derivable_pt_lim_const 1 u)].
    intros t Ht; unfold sign; destruct (Rlt_dec 0 t); destruct (Rlt_dec t 0); lra.
Qed.

Lemma dual_sign {f x u a} :
  u <> 0 -> dual f x u a -> dual (fun t => sign (f t)) x (sign u) (0 * a).
Proof. intros Hu; exact (dual_comp (is_derive_sign u Hu)). Qed.

Lemma dual_maximum {f g x u v a b} :
  u - v <> 0 -> dual f x u a -> dual g x v b ->
  dual (fun t => Rmax (f t) (g t)) x (Rmax u v) (step (u - v) * a + step (v - u) * b).
Proof. intros H; apply dual_max; lra. Qed.

Lemma dual_minimum {f g x u v a b} :
  u - v <> 0 -> dual f x u a -> dual g x v b ->
  dual (fun t => Rmin (f t) (g t)) x (Rmin u v) (step (v - u) * a + step (u - v) * b).
Proof.
  intros Huv Hf Hg.
  assert (E : forall r s, Rmin r s = r - relu (r - s)).
  { intros r s; unfold relu, Rmax, Rmin.
    destruct (Rle_dec r s); destruct (Rle_dec 0 (r - s)); lra. }
  apply (@dual_ext (fun t => f t - relu (f t - g t))).
  - refine (dual_eqv (dual_sub Hf (dual_relu _ (dual_sub Hf Hg))) _ _); [lra|symmetry; apply E|].
    unfold step; destruct (Rlt_dec 0 (u - v)); destruct (Rlt_dec 0 (v - u)); lra.
  - intros t; symmetry; apply E.
Qed.

Arguments dual_invpow {f x u a} k & _ _.
Arguments dual_divby {f g x u v a b} & _ _ _.
Arguments dual_inverse {f x u a} & _ _.
Arguments dual_rpower {f x u a} r & _ _.
Arguments dual_step {f x u a} & _ _.
Arguments dual_sign {f x u a} & _ _.
Arguments dual_maximum {f g x u v a b} & _ _ _.
Arguments dual_minimum {f g x u v a b} & _ _ _.

(** ** 11. Equations between finite sums, as they are used in proofs. *)

Lemma sum_collapse {n q g f} :
  (q < n)%nat -> (forall i, (i < n)%nat -> g i = delta q i * f i) -> sumR n g = f q.
Proof. apply sumR_collapse. Qed.

Lemma sum_pull {n g} c f T :
  (forall i, (i < n)%nat -> g i = c * f i) -> c * sumR n f = T -> sumR n g = T.
Proof. intros E <-; rewrite (sumR_ext _ _ _ E); apply sumR_scal_l. Qed.

Lemma sum_split {n g} a b A B :
  (forall i, (i < n)%nat -> g i = a i + b i) -> sumR n a = A -> sumR n b = B -> sumR n g = A + B.
Proof. intros E <- <-; rewrite (sumR_ext _ _ _ E); apply sumR_plus. Qed.

(** ** 12. Signs. *)

Lemma size_pos {n} : (0 < n)%nat -> 0 < INR n.
Proof. apply lt_0_INR. Qed.
Lemma pos_nonzero {a} : 0 < a -> a <> 0.
Proof. lra. Qed.
Lemma pos_nonneg {a} : 0 < a -> 0 <= a.
Proof. lra. Qed.
Lemma pos_eq {a b} : a = b -> 0 < b -> 0 < a.
Proof. intros ->; auto. Qed.
Lemma nonneg_eq {a b} : a = b -> 0 <= b -> 0 <= a.
Proof. intros ->; auto. Qed.
Lemma nonzero_eq {a b} : a = b -> b <> 0 -> a <> 0.
Proof. intros ->; auto. Qed.
Lemma add_pos_pos {a b} : 0 < a -> 0 < b -> 0 < a + b.
Proof. lra. Qed.
Lemma add_pos_nonneg {a b} : 0 < a -> 0 <= b -> 0 < a + b.
Proof. lra. Qed.
Lemma add_nonneg_pos {a b} : 0 <= a -> 0 < b -> 0 < a + b.
Proof. lra. Qed.
Lemma add_nonneg_nonneg {a b} : 0 <= a -> 0 <= b -> 0 <= a + b.
Proof. lra. Qed.
Lemma mul_pos_pos {a b} : 0 < a -> 0 < b -> 0 < a * b.
Proof. apply Rmult_lt_0_compat. Qed.
Lemma mul_nonneg_nonneg {a b} : 0 <= a -> 0 <= b -> 0 <= a * b.
Proof. apply Rmult_le_pos. Qed.
Lemma mul_nonzero_nonzero {a b} : a <> 0 -> b <> 0 -> a * b <> 0.
Proof. intros; apply Rmult_integral_contrapositive; auto. Qed.
Lemma inv_pos {a} : 0 < a -> 0 < / a.
Proof. apply Rinv_0_lt_compat. Qed.
Lemma inv_nonzero {a} : a <> 0 -> / a <> 0.
Proof. apply Rinv_neq_0_compat. Qed.
Lemma power_pos {a} k : 0 < a -> 0 < a ^ k.
Proof. apply pow_lt. Qed.
Lemma power_nonzero {a} k : a <> 0 -> a ^ k <> 0.
Proof. apply pow_nonzero. Qed.
Lemma power_even_pos {a} k : a <> 0 -> 0 < a ^ (2 * k).
Proof.
  intros H; destruct (pow_even_nonneg a k) as [P|P]; [exact P|].
  exfalso; exact (pow_nonzero _ (2 * k) H (eq_sym P)).
Qed.
Lemma root_pos {a} : 0 < a -> 0 < sqrt a.
Proof. apply sqrt_lt_R0. Qed.
Lemma rpower_pos a r : 0 < Rpower a r.
Proof. apply exp_pos. Qed.
Lemma sum_pos {n f} : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < sumR n f.
Proof. apply sumR_pos. Qed.
Lemma sum_nonneg {n f} : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sumR n f.
Proof. apply sumR_nonneg. Qed.
Lemma relu_nonneg u : 0 <= relu u.
Proof. apply Rmax_l. Qed.
Lemma step_nonneg u : 0 <= step u.
Proof. unfold step; destruct (Rlt_dec 0 u); lra. Qed.
Lemma root_square {a} : 0 < a -> sqrt a * sqrt a = a.
Proof. intros H; apply sqrt_sqrt; lra. Qed.

(** ** 13. Identities between functions. *)

Lemma id_exp_zero : exp 0 = 1.
Proof. apply exp_0. Qed.
Lemma id_exp_sum u v : exp (u + v) = exp u * exp v.
Proof. apply exp_plus. Qed.
Lemma id_exp_negative u : exp (- u) = / exp u.
Proof. apply exp_Ropp. Qed.
Lemma id_log_one : ln 1 = 0.
Proof. apply ln_1. Qed.
Lemma id_log_exp u : ln (exp u) = u.
Proof. apply ln_exp. Qed.
Lemma id_log_product u v : 0 < u -> 0 < v -> ln (u * v) = ln u + ln v.
Proof. apply ln_mult. Qed.
Lemma id_log_inverse u : 0 < u -> ln (/ u) = - ln u.
Proof. apply ln_Rinv. Qed.
Lemma id_sigmoid_exp u : sigmoid u = exp u * / (1 + exp u).
Proof. exact (sigmoid_exp u). Qed.
Lemma id_sigmoid_negative u : sigmoid (- u) = 1 - sigmoid u.
Proof.
  rewrite (sigmoid_exp u); unfold sigmoid; rewrite Ropp_involutive.
  generalize (one_plus_exp_pos u); intros; field; lra.
Qed.
Lemma id_softplus_log u : softplus u = ln (1 + exp u).
Proof. reflexivity. Qed.
Lemma id_softplus_negative u : softplus (- u) = softplus u - u.
Proof.
  unfold softplus; rewrite <- (ln_exp u) at 3.
  assert (E : 1 + exp u = exp u * (1 + exp (- u))).
  { rewrite exp_Ropp; generalize (exp_pos u); intros; field; lra. }
  rewrite E, ln_mult by (apply exp_pos || apply one_plus_exp_pos); ring.
Qed.
Lemma tanh_exp z : tanh z = (exp z - / exp z) / (exp z + / exp z).
Proof.
  unfold tanh, sinh, cosh; rewrite exp_Ropp.
  assert (H := exp_pos z); assert (H' := Rinv_0_lt_compat _ H); field; split; [lra|].
  apply Rgt_not_eq; assert (0 < exp z * exp z) by (apply Rmult_lt_0_compat; assumption); lra.
Qed.
Lemma id_tanh_sigmoid u : tanh u = 2 * sigmoid (2 * u) - 1.
Proof.
  rewrite tanh_exp, sigmoid_exp; replace (2 * u) with (u + u) by ring; rewrite exp_plus.
  assert (H := exp_pos u); assert (0 < exp u * exp u) by (apply Rmult_lt_0_compat; assumption).
  field; lra.
Qed.
Lemma id_tanh_negative u : tanh (- u) = - tanh u.
Proof. rewrite !id_tanh_sigmoid; replace (2 * - u) with (- (2 * u)) by ring; rewrite id_sigmoid_negative; ring. Qed.
Lemma id_sin_negative u : sin (- u) = - sin u.
Proof. apply sin_neg. Qed.
Lemma id_cos_negative u : cos (- u) = cos u.
Proof. apply cos_neg. Qed.
Ltac by_cases :=
  unfold relu, sign, step, Rabs, Rmax, Rmin;
  repeat match goal with |- context [if ?c then _ else _] => destruct c end; lra.
Lemma id_relu_step u : relu u = u * step u.
Proof. by_cases. Qed.
Lemma id_abs_step u : Rabs u = u * (2 * step u - 1).
Proof. by_cases. Qed.
Lemma id_sign_step u : u <> 0 -> sign u = 2 * step u - 1.
Proof. intros; by_cases. Qed.
Lemma id_step_squared u : step u ^ 2 = step u.
Proof. by_cases. Qed.
Lemma id_max_relu u v : Rmax u v = v + relu (u - v).
Proof. by_cases. Qed.
Lemma id_min_relu u v : Rmin u v = u - relu (u - v).
Proof. by_cases. Qed.

(** ** 14. The largest of finitely many values, where no two are equal. *)

Fixpoint maxR (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S O => f O | S k => Rmax (maxR k f) (f k) end.

Lemma maxR_ext n f g :
  (forall i, (i < n)%nat -> f i = g i) -> maxR n f = maxR n g.
Proof.
  induction n as [|[|n] IH]; intros E; [reflexivity|apply E; lia|].
  change (Rmax (maxR (S n) f) (f (S n)) = Rmax (maxR (S n) g) (g (S n))).
  rewrite IH, (E (S n)) by auto with arith; reflexivity.
Qed.

(** One where no other value is larger, else zero. *)
Definition lead (n : nat) (v : nat -> R) (i : nat) : R :=
  step (1 / 2 - sumR n (fun k => step (v k - v i - delta k i))).

Lemma step_above u : 0 < u -> step u = 1.
Proof. intros H; unfold step; destruct (Rlt_dec 0 u); lra. Qed.
Lemma step_below u : u <= 0 -> step u = 0.
Proof. intros H; unfold step; destruct (Rlt_dec 0 u); lra. Qed.

Lemma sumR_above n f m :
  (m < n)%nat -> (forall i, (i < n)%nat -> 0 <= f i) -> f m <= sumR n f.
Proof.
  intros Hm Hf; rewrite <- (sumR_delta n m f Hm).
  assert (H : 0 <= sumR n (fun i => f i + - 1 * (delta m i * f i))).
  { apply sumR_nonneg; intros i Hi; assert (P := Hf i Hi); unfold delta.
    destruct (Nat.eqb m i); lra. }
  rewrite sumR_plus, sumR_scal_l in H; lra.
Qed.

Lemma lead_is n v m i :
  (m < n)%nat -> (forall k, (k < n)%nat -> k <> m -> v k < v m) -> (i < n)%nat ->
  lead n v i = delta m i.
Proof.
  intros Hm H Hi; unfold lead; destruct (Nat.eq_dec m i) as [<-|Hne].
  - rewrite delta_same, sumR_zero; [apply step_above; lra|].
    intros k Hk; apply step_below; destruct (Nat.eq_dec k m) as [->|Hkm].
    + rewrite delta_same; lra.
    + rewrite delta_diff by exact Hkm; specialize (H k Hk Hkm); lra.
  - rewrite (delta_diff m i Hne); apply step_below.
    assert (P := sumR_above n (fun k => step (v k - v i - delta k i)) m Hm (fun k _ => step_nonneg _)).
    cbv beta in P; rewrite (delta_diff m i Hne) in P.
    assert (Q := H i Hi (fun e => Hne (eq_sym e))).
    rewrite (step_above (v m - v i - 0)) in P by lra; lra.
Qed.

Lemma dual_leading {n F x v d} :
  (0 < n)%nat -> (forall k i, (k < n)%nat -> (i < n)%nat -> k <> i -> v k <> v i) ->
  (forall i, (i < n)%nat -> dual (fun t => F i t) x (v i) (d i)) ->
  exists m, (m < n)%nat /\ (forall k, (k < n)%nat -> k <> m -> v k < v m) /\
    dual (fun t => maxR n (fun i => F i t)) x (v m) (d m).
Proof.
  induction n as [|[|n] IH]; intros Hn apart H; [lia| |].
  - exists O; split; [lia|]; split; [intros k Hk; lia|]; exact (H O Hn).
  - destruct IH as (m & Hm & most & D); [lia|intros; apply apart; lia|intros; apply H; lia|].
    assert (N : v m <> v (S n)) by (apply apart; lia).
    assert (M := dual_max N D (H (S n) ltac:(lia))).
    destruct (Rlt_dec (v m) (v (S n))) as [L|L].
    + exists (S n); split; [lia|]; split.
      * intros k Hk Hne; destruct (Nat.eq_dec k m) as [->|]; [exact L|].
        assert (v k < v m) by (apply most; lia); lra.
      * refine (dual_eqv M _ _); [apply Rmax_right; lra|].
        rewrite step_below, step_above by lra; ring.
    + assert (L' : v (S n) < v m) by lra; exists m; split; [lia|]; split.
      * intros k Hk Hne; destruct (Nat.eq_dec k (S n)) as [->|]; [exact L'|apply most; lia].
      * refine (dual_eqv M _ _); [apply Rmax_left; lra|].
        rewrite step_above, step_below by lra; ring.
Qed.

Lemma dual_largest {n F x v d} :
  (forall k i, (k < n)%nat -> (i < n)%nat -> v k - v i - delta k i <> 0) ->
  (forall i, (i < n)%nat -> dual (fun t => F i t) x (v i) (d i)) ->
  dual (fun t => maxR n (fun i => F i t)) x (maxR n v)
    (sumR n (fun i => step (1 / 2 - sumR n (fun k => step (v k - v i - delta k i))) * d i)).
Proof.
  intros apart H; destruct n as [|n]; [exact dual_const|].
  destruct (dual_leading (n := S n) (F := F) (x := x) (v := v) (d := d)) as (m & Hm & most & D);
    [lia| |exact H|].
  { intros k i Hk Hi Hne E; apply (apart k i Hk Hi); rewrite (delta_diff k i Hne), E; lra. }
  refine (dual_eqv D _ _).
  - rewrite <- (dual_value D); apply maxR_ext; intros i Hi; exact (dual_value (H i Hi)).
  - symmetry; apply (sumR_collapse (S n) m _ d Hm).
    intros i Hi; rewrite <- (lead_is (S n) v m i Hm most Hi); reflexivity.
Qed.
Arguments dual_largest {n F x v d} & _ _.

(** ** 15. Closing steps: local, without search.

    [ring] takes finite sums, functions and inverses as atoms.  Where rational
    numbers divide, inverses are named first, so that [field] meets numbers
    alone; where inverses cancel, the proofs that they are of nonzero terms are
    handed over. *)

Ltac name_inverses :=
  repeat match goal with
  | |- context [/ ?u] => lazymatch u with IZR _ => fail | _ => generalize (/ u); intro end
  end.
Ltac order_deltas :=
  repeat match goal with
  | |- context [delta ?i ?j] =>
      match goal with |- context [delta j i] => tryif constr_eq i j then fail else rewrite (delta_sym j i) end
  end.
Ltac square_deltas :=
  repeat match goal with
  | |- context [delta ?i ?j] =>
      lazymatch goal with
      | _ : delta i j ^ 2 = delta i j |- _ => fail
      | _ => assert (delta i j ^ 2 = delta i j) by (unfold delta; destruct (Nat.eqb i j); ring)
      end
  end.
Ltac close_ring :=
  cbv beta; unfold Rdiv;
  first [ reflexivity | ring | name_inverses; field | order_deltas; rewrite ?delta_same; name_inverses; field
  | rewrite <- ?pow_inv; name_inverses; field ].
Ltac nonzero :=
  repeat split;
  first
    [ assumption
    | lra
    | match goal with H : ?b <> 0 |- ?a <> 0 =>
        let E := fresh in intros E; apply H; transitivity a; [unfold Rdiv; ring | exact E] end
    | match goal with H : ?b <> 0 |- ?a <> 0 =>
        let E := fresh in intros E; apply H; transitivity (- a); [unfold Rdiv; ring | rewrite E; ring] end
    | apply mul_nonzero_nonzero; nonzero
    | apply power_nonzero; nonzero ].
Ltac close_law := cbv beta; try unfold Rdiv; try reflexivity; first [ ring | f_equal; ring ].

(** ** 16. Counterexamples: numbers, put into the definitions. *)

Lemma differ {l r p q : R} : l = p -> r = q -> p <> q -> l = r -> False.
Proof. intros -> -> H E; exact (H E). Qed.
Lemma root_is {u} r : 0 <= r -> u = r * r -> sqrt u = r.
Proof. intros H ->; apply sqrt_square, H. Qed.
Lemma exp_is {u} : u = 0 -> exp u = 1.
Proof. intros ->; apply exp_0. Qed.
Lemma ln_is {u} : u = 1 -> ln u = 0.
Proof. intros ->; apply ln_1. Qed.
Lemma sin_is {u} : u = 0 -> sin u = 0.
Proof. intros ->; apply sin_0. Qed.
Lemma cos_is {u} : u = 0 -> cos u = 1.
Proof. intros ->; apply cos_0. Qed.
Lemma sigmoid_is {u} : u = 0 -> sigmoid u = / 2.
Proof. intros ->; unfold sigmoid; rewrite Ropp_0, exp_0; lra. Qed.
Lemma tanh_is {u} : u = 0 -> tanh u = 0.
Proof. intros ->; rewrite id_tanh_sigmoid, Rmult_0_r, (sigmoid_is eq_refl); lra. Qed.

Ltac rational := solve [ lra | field | field; repeat split; lra ].
Ltac is_root u r := replace (sqrt u) with r by (symmetry; apply root_is; rational).
Ltac numbers_apart :=
  repeat first
    [ match goal with
      | |- context [exp ?u] => replace (exp u) with 1 by (symmetry; apply exp_is; rational)
      | |- context [ln ?u] => replace (ln u) with 0 by (symmetry; apply ln_is; rational)
      | |- context [sin ?u] => replace (sin u) with 0 by (symmetry; apply sin_is; rational)
      | |- context [cos ?u] => replace (cos u) with 1 by (symmetry; apply cos_is; rational)
      | |- context [tanh ?u] => replace (tanh u) with 0 by (symmetry; apply tanh_is; rational)
      | |- context [sigmoid ?u] => replace (sigmoid u) with (/ 2) by (symmetry; apply sigmoid_is; rational)
      | |- context [sqrt ?u] =>
          first [ is_root u 0 | is_root u 1 | is_root u 2 | is_root u (/ 2) | is_root u 3 | is_root u 4
                | is_root u 5 | is_root u (3 / 2) | is_root u (/ 4) | is_root u (/ 3) | is_root u (5 / 2) ]
      | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b); [ | exfalso; lra ]
      | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b); [ exfalso; lra | ]
      | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b); [ | exfalso; lra ]
      | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b); [ exfalso; lra | ]
      | |- context [Rcase_abs ?a] => destruct (Rcase_abs a); [ | exfalso; lra ]
      | |- context [Rcase_abs ?a] => destruct (Rcase_abs a); [ exfalso; lra | ]
      end
    | progress unfold step, relu, sign, Rmax, Rmin, Rabs ].
Ltac numbers := numbers_apart; rational.
Ltac in_range :=
  repeat match goal with
  | H : (?n < O)%nat |- _ => exfalso; inversion H
  | H : (S ?n < S ?m)%nat |- _ => apply Nat.succ_lt_mono in H
  | H : (?n < S _)%nat |- _ => is_var n; destruct n
  end.
Ltac head u := lazymatch u with ?f _ => head f | _ => u end.
Ltac at_numbers put_in closed :=
  intros; try lia;
  try match goal with |- ?given => let h := head given in lazymatch h with not => fail | _ => unfold h end end;
  repeat match goal with |- _ /\ _ => split end;
  intros; in_range; put_in; closed.
Ltac numbers_hold := numbers_apart; first [ rational | intros E; lra ].
