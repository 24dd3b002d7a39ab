"""Writes psis.csv: Pareto-smoothed log weights of ArviZ. Run with `python make_psis_table.py > psis.csv`."""
import arviz as az
import numpy as np
rng=np.random.default_rng(7)
print('# arviz %s psislw: k-hat, and the normalised smoothed log weights of log ratios'%az.__version__)
print('case,k,smoothed,ratios')
cases={'light':rng.normal(0,0.3,200),'normal':rng.normal(0,1,250),'heavy':np.log(1/rng.random(300)**0.8),'heavier':np.log(1/rng.random(200)**1.3),'short':rng.normal(0,1,40)}
for k,v in cases.items():
    v=np.round(v,8)
    lw,kk=az.psislw(v.copy())
    print(','.join([k,repr(float(kk)),' '.join(repr(float(x)) for x in lw),' '.join(repr(float(x)) for x in v)]))
