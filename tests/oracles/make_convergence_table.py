"""Writes convergence.csv: what ArviZ says of a few sets of Markov chains. Run with `python make_convergence_table.py > convergence.csv`."""
import arviz as az
import numpy as np
rng=np.random.default_rng(20261124)
cases={}
def ar(phi,m,n,shift=0):
    x=np.zeros((m,n)); e=rng.standard_normal((m,n))
    x[:,0]=e[:,0]
    for t in range(1,n): x[:,t]=phi*x[:,t-1]+np.sqrt(1-phi**2)*e[:,t]
    return x+shift
cases['independent']=ar(0,4,50)
cases['slow']=ar(0.9,4,60)
cases['swinging']=ar(-0.5,2,51)
a=ar(0.3,4,50); a[0]+=2; cases['apart']=a
cases['counts']=rng.poisson(2,(3,40)).astype(float)
b=ar(0.2,4,50); b[1]*=3; cases['wider']=b
cases['heavy']=rng.standard_cauchy((4,50))
cases['one']=ar(0.5,1,80)
print('# arviz %s, numpy %s: rhat(method=rank), ess(method=bulk), ess(method=tail), mcse(method=mean)'%(az.__version__,np.__version__))
print('case,chains,rhat,ess_bulk,ess_tail,mcse,draws')
for k,v in cases.items():
    v=np.round(v,6)
    r=float(az.rhat(v,method='rank')); bulk=float(az.ess(v,method='bulk')); tail=float(az.ess(v,method='tail')); m=float(az.mcse(v,method='mean'))
    print(','.join([k,str(v.shape[0]),repr(r),repr(bulk),repr(tail),repr(m),' '.join(repr(float(x)) for x in v.ravel())]))
